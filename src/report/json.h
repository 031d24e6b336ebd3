/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The JSON documents of passthroughctl(8), format 1. Each prints one whole document; */

#include "check/checks.h"
#include "cmdline/cmdline.h"
#include "maker/build.h"
#include "plan/needs.h"
#include "report/against.h"
#include "report/shown.h"
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
        bool written; /* the plan is carried out */
        bool changed; /* something is, the trial included; in a dry run: would be */
        bool reboot;  /* that takes effect with the next boot */
        const struct refused_tokens *refused;
        const char *message; /* why it cannot be, or "" */
};

/*
 * errors: of the config, or NULL where it was not read. worked: by rule, or NULL. against: what fares otherwise than by
 * another config, or NULL.
 */
void json_plan(FILE *f, const struct plan *plan, const char *const *worked, const struct against *against,
               const struct diags *errors);
void json_status(FILE *f, const struct status *status, const struct diags *errors);
void json_list(FILE *f, const struct listing *list, const struct diags *errors);
/* rules: beside those of the plan, whose devices these are. */
void json_show(FILE *f, const struct plan *plan, const bool *rules, const struct shown *shown,
               const struct diags *errors);
/* Of each rule of the plan, by position; of an invalid one nothing but that. */
void json_show_all(FILE *f, const struct plan *plan, const struct shown *shown, const struct diags *errors);
void json_checks(FILE *f, const struct checks *checks, const struct diags *errors);
void json_findings(FILE *f, const struct findings *findings);
void json_needs(FILE *f, const struct needs *needs, const struct diags *errors);
void json_added(FILE *f, const struct added *added, size_t n, const struct diags *errors);
void json_removed(FILE *f, const struct removed *removed);
void json_applying(FILE *f, const struct applying *applying, const struct diags *errors);
