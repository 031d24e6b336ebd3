/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The same for people: aligned, and coloured on a terminal only (NO_COLOR, SYSTEMD_COLORS). */

#include "check/checks.h"
#include "cmdline/cmdline.h"
#include "report/listing.h"
#include "report/shown.h"
#include "report/status.h"

/* How the rows are shown. */
struct check_view {
        bool all; /* each as it is; else what passes is summed up */
        const struct plan *plan;
        const struct next_step *next;
};

/* worked: of state/worked.h. */
void text_plan(FILE *f, const struct plan *plan, const char *const *worked);
/* One rule of it. */
void text_plan_rule(FILE *f, const struct plan *plan, size_t rule);
void text_status(FILE *f, const struct status *status);
/* Of listing_prepare(). */
void text_list(FILE *f, const struct listing *list, struct arena *a);
void text_device(FILE *f, const struct listing *list, size_t device, struct arena *a);
void text_show(FILE *f, const struct shown *shown);
void text_checks(FILE *f, const struct checks *checks, const struct check_view *view, struct arena *a);
void text_findings(FILE *f, const struct findings *findings, struct arena *a);
