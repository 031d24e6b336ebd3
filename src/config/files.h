/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Configuration files as systemd has them: *.conf by name from several directories, of which the first that has a name
 * decides; masked by an empty file or by a link to /dev/null.
 */

#include "base/diag.h"
#include "base/root.h"

struct config_file {
        const char *name; /* of the file or drop-in directory */
        const char *path;
        size_t rank; /* among the directories */
};

struct config_files {
        struct config_file *v;
        size_t n;
};

/* For messages: "rule", and what a directory of them is to have, "a file NAME.conf for each rule". */
struct config_kind {
        const char *noun, *directory_has;
};

/* The *.conf below a directory, and (dropins not NULL) the *.conf.d. Faults become diags. */
void config_files_collect(const struct root *root, struct arena *a, const char *directory, size_t rank,
                          const struct config_kind *kind, struct diags *diags, struct config_files *files,
                          struct config_files *dropins);
void config_files_add(struct arena *a, struct config_files *f, struct config_file file);
/* By name, then rank. */
void config_files_sort(struct config_files *f);
/* Keeps the first of each name, sorted. */
void config_files_keep_first(struct config_files *f);

enum config_read {
        CONFIG_READ_OK,
        CONFIG_READ_MASKED,
        CONFIG_READ_ABSENT,
        CONFIG_READ_FAULT, /* in diags */
};

/* One file, followed by a NUL byte: how that went. */
int config_file_read(const struct root *root, struct arena *a, const char *path, const struct config_kind *kind,
                     struct diags *diags, char **ret, size_t *ret_size) _must_check_;
