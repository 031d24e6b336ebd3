/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What this boot did, held against what the rules say now and what the devices show now. */

#include "maker/makers.h"
#include "state/record.h"
#include "state/trial.h"

struct loader;

/* A boot image of this host. */
struct status_image {
        const char *release, *path;
        bool known;        /* what it was built from */
        const char *stale; /* why it is not what would be built now, or NULL */
};

struct status {
        struct record record;
        const char **kept_out; /* beside the record's devices: native drivers that are loaded and did not get them */
        const struct device **vgpus; /* beside them, too: those that are virtual GPUs, as they are now; else NULL */
        const char **users;          /* beside them, too: who has one of Stage=demand open; NULL: nobody, or unknown */
        uint64_t now_us;             /* the record's clock, of a machine that runs; or 0 */
        const char *off_by;          /* the switch that kept it from running, or NULL */
        const char *boot;            /* another boot, as it was asked for; or NULL: this one */
        const char **notes;          /* of another boot: lines that are about no rule and no device */
        size_t n_notes;
        bool ran;                    /* this boot has a record */
        bool satisfied;              /* every rule is */
        struct trial trial;          /* of the last apply */
        bool trial_here;             /* this boot is it */
        const char *stale;           /* why the image of this boot is not what would be built now, or NULL */
        struct status_image *images; /* of kernels that are installed */
        size_t n_images;
};

/* The boot images of this host, and whether they are what would be built now. 0 or -errno. */
int status_images(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                  struct arena *a, const struct plan *plan, struct status_image **ret, size_t *ret_n) _must_check_;
/*
 * The plan is of the facts as they are now; now: the same with who has devices open, or NULL; loaders: the ways to
 * boot. 0, RECFILE_MALFORMED of the record, or -errno.
 */
int status_build(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                 struct arena *a, const struct plan *plan, const struct plan *now, struct status *ret) _must_check_;
