/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The JSON documents of passthroughctl(8), format 1. Each prints one whole document; 0 or -ENOMEM. */

#include "check/check.h"
#include "cmdline/cmdline.h"
#include "export/show.h"
#include "maker/build.h"
#include "plan/needs.h"
#include "report/status.h"
#include "state/trial.h"

/* What add made of a rule. */
struct added {
        const char *name, *file, *text, *state, *message;
        bool written;
};

/* What remove has done. */
struct removed {
        const char *name, *mask; /* the link that masks it, or NULL */
        const char **files;      /* that were removed */
        size_t n_files;
        const char *kept; /* where copies of these are, or NULL */
};

/* What apply has done, or would do. */
struct applying {
        const struct boot_plan *plan;
        const struct image_job *images; /* that are not in line */
        size_t n_images;
        const struct trial *trial;
        bool written;        /* the plan is carried out */
        const char *message; /* why it cannot be, or "" */
};

int json_plan(FILE *f, const struct plan *plan) _must_check_;
int json_status(FILE *f, const struct status *status) _must_check_;
int json_list(FILE *f, const struct listing *list) _must_check_;
int json_show(FILE *f, const struct shown *shown) _must_check_;
int json_checks(FILE *f, const struct checks *checks) _must_check_;
int json_findings(FILE *f, const struct findings *findings) _must_check_;
int json_needs(FILE *f, const struct needs *needs) _must_check_;
int json_added(FILE *f, const struct added *added, size_t n) _must_check_;
int json_removed(FILE *f, const struct removed *removed) _must_check_;
int json_applying(FILE *f, const struct applying *applying) _must_check_;
