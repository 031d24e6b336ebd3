/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * /passthrough-capture: what a captured machine says of itself. It has what was there and was read, and says what was
 * not there and what could not be read. All else is unknown. A root without that file is no captured machine: there,
 * what is not there is absent.
 */

#include <stdint.h>

#include "base/root.h"

#define CAPTURED_PATH "/passthrough-capture"

/* Paths are as they were asked for; those of files have no links in them. */
struct captured_file {
        const char *path;
        uint64_t size, hash; /* bytes, str_hash() of them */
};

struct captured_path {
        const char *path;
};

struct captured_failure {
        const char *path;
        enum asked asked;
        int error; /* errno */
};

/* Each list by path. */
struct captured {
        struct tap tap;    /* of a root that is one: what was not, or could not be, read cannot be read here either */
        struct root root;  /* that one, without the tap */
        const char *names; /* "raw" or "replaced" */
        struct captured_file *files;
        size_t n_files;
        struct captured_path *named; /* files of which nobody read more than the name: they are here, and empty */
        size_t n_named;
        struct captured_path *listed; /* directories, with all their names */
        size_t n_listed;
        struct captured_path *absent;
        size_t n_absent;
        struct captured_failure *unreadable;
        size_t n_unreadable;
};

/* Reads it and gives root its tap. 0, an enum recfile_problem, or -errno. The structure and the arena have to outlive
 * root. */
int captured_open(struct root *root, struct arena *a, struct captured *ret) _must_check_;
/* A file or directory that was there and that this copy lacks; NULL: it has them all. */
const char *captured_missing(const struct captured *c);
int captured_write(const struct root *root, struct arena *a, const struct captured *c) _must_check_;

/* What a captured machine knows of a path. */
enum captured_knows {
        CAPTURED_THERE,
        CAPTURED_NAMED, /* there, and what is in it is unknown */
        CAPTURED_ABSENT,
        CAPTURED_UNREADABLE, /* in some way of asking */
        CAPTURED_UNKNOWN,    /* nobody asked */
};

enum captured_knows captured_knows(const struct captured *c, const struct root *root, struct arena *a,
                                   const char *path);
