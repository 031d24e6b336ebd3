/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A boot image built beside the one that it replaces: what boots is that or the new one, whole and looked at. */

#include "maker/origin.h"

struct image_job {
        const struct installed *image;
        const struct payload *now; /* what it is to have */
        const char *why;
        const char *from;           /* the image it is built beside, which stays; NULL: it takes that one's place */
        bool unasked;               /* not for the config: the reason is worth a line */
        struct image_job *like;     /* another of the same kernel, built before; or NULL */
        const char *tried;          /* it was built and booted already, and is there; or NULL */
        const char *wrong;          /* what went wrong when it was built, or NULL */
        uint64_t size;              /* of the new one */
        struct image_digest digest; /* likewise */
};

/* On this machine alone. *ret_wrong: what went wrong if that is no -errno; then nothing is replaced. 0 or -errno. */
int build_image(const struct root *root, struct arena *a, const struct maker *maker, struct image_job *job,
                const char **ret_wrong) _must_check_;
/* Likewise, as a file of its own beside the one that it would replace. */
int build_beside(const struct root *root, struct arena *a, const struct maker *maker, struct image_job *job,
                 const char *path, const char **ret_wrong) _must_check_;

/*
 * Whether there is room for all of them: their file system has to hold old and new at a time, or, where the old are
 * kept on another one, that. tried: one of them that is built as a file of its own before, and stays until all are
 * there; or NULL. *ret_lacks NULL, or where it is too small.
 */
int build_room(const struct root *root, struct arena *a, const struct image_job *jobs, size_t n,
               const struct image_job *tried, const char **ret_lacks) _must_check_;
