/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Carries a plan out, and takes it back. */

#include "loader/loader.h"
#include "state/journal.h"

/* Writes what the plan has; the journal must have it already. *ret_what: the file at which it failed. */
int boot_write(const struct root *root, struct arena *a, const struct boot_plan *plan,
               const char **ret_what) _must_check_;

/* Writes files of the loader as they were when the facts were gathered, where others have changed them since; ret:
 * those. */
int boot_keep(const struct root *root, struct arena *a, const struct boot_facts *facts, struct strings *ret,
              const char **ret_what) _must_check_;

/* In a dry run: what a file would have in it, for an earlier apply that is taken back behind this one. */
struct boot_would {
        const char *path, *content; /* content.h */
        char *text;                 /* NULL: there is no file, or it is an image */
};

/* What became of taking one back; starts out zeroed, but for what a dry run knows of later ones. */
struct boot_back {
        struct strings restored; /* files that are as they were before */
        struct strings edited;   /* files that have changed since, less our tokens */
        struct strings left;     /* why a file was left as it is */
        struct strings kept;     /* images that were built anew since, and so are left as they are */
        struct boot_would *would;
        size_t n_would;
        struct strings images; /* boot images, of those that are restored */
        bool stale;            /* the command has to be run: what it generated has been generated anew since */
};

/*
 * facts: of this moment, for entries that are new since; NULL: there are none. What has been changed since by somebody
 * else is not overwritten: it loses our tokens. Only entries of an apply that was cut short with its images are.
 * loaders: any may know how such a file is edited.
 */
int boot_take_back(const struct loader *const *loaders, const struct root *root, struct arena *a, const struct undo *u,
                   const struct boot_facts *facts, struct boot_back *ret, const char **ret_what) _must_check_;

/* "ENTRY still has TOKEN", of what that apply added; or NULL. */
const char *boot_still_has(const struct boot_facts *facts, struct arena *a, const struct undo *u);
