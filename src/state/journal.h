/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What an apply is about to do and what was there before: /var/lib/passthrough/undo/N has "manifest", a copy of each
 * file, and, once all is done and verified, "done". It is there as a whole before anything else is written: a directory
 * without a manifest says nothing.
 */

#include <stdint.h>
#include <sys/stat.h>

#include "base/content.h"
#include "state/changes.h"

#define UNDO_DIR "/var/lib/passthrough/undo"

enum undo_kind {
        UNDO_WRITTEN,   /* by an apply itself */
        UNDO_GENERATED, /* by the command that it ran */
        UNDO_IMAGE,     /* a boot image that it had built; of the last apply alone the old one is kept */
        UNDO_SEEN,      /* left as it was: there at the time, no more */
        UNDO_KIND_MAX_,
};

struct undo_file {
        enum undo_kind kind;
        const char *path;
        const char *old, *new;  /* content.h; new of what is generated: known where the apply is done */
        struct stat attributes; /* of the old */
        bool made_directory;    /* the directory it is in, too */
        struct strings added;   /* tokens */
};

struct undo {
        unsigned number;
        bool done;
        const char *when, *boot; /* boot: which boot path */
        const char *command;     /* brings what is generated in line again, or NULL */
        struct undo_file *files;
        size_t n_files;
};

struct journal {
        int lock;
        struct undo *v; /* by number */
        size_t n;
};

enum {
        JOURNAL_BUSY = 1, /* another apply or undo is at work */
};

/* 0, -errno or JOURNAL_BUSY. With lock false nothing is written, and nobody waited for. */
int journal_open(const struct root *root, struct arena *a, bool lock, struct journal *ret) _must_check_;
void journal_close(struct journal *j);
/* True if another apply or undo is at work now. */
bool journal_busy(const struct root *root);
/* The last apply where that was cut short, or NULL. */
const struct undo *journal_unfinished(const struct journal *j);
/* The tokens that are ours. */
void journal_owned(const struct journal *j, struct arena *a, struct owned *ret);

/* A new one for the plan. */
int journal_begin(const struct root *root, struct arena *a, struct journal *j, const struct changes *changes,
                  const struct undo **ret) _must_check_;
int journal_done(const struct root *root, struct arena *a, const struct undo *u) _must_check_;
int journal_remove(const struct root *root, struct arena *a, const struct undo *u) _must_check_;
/* Deletes the image copies that earlier applies kept: they are large. */
int journal_forget_images(const struct root *root, struct arena *a, const struct journal *j) _must_check_;
/* Where the content is kept that file i had; there may be none. */
char *journal_copy(struct arena *a, const struct undo *u, size_t i);

enum journal_kept {
        JOURNAL_KEPT,
        JOURNAL_NOT_KEPT,
        JOURNAL_KEPT_WRONG, /* what is kept is not what the file had */
};

/* The content that file i had, put back to path, where it is kept. */
int journal_put_back(const struct root *root, struct arena *a, const struct undo *u, size_t i, const char *path,
                     enum journal_kept *ret) _must_check_;
