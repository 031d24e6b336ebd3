/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The same for people: aligned, and coloured on a terminal only (NO_COLOR, SYSTEMD_COLORS). */

#include "check/checks.h"
#include "cmdline/cmdline.h"
#include "report/listing.h"
#include "report/next.h"
#include "report/shown.h"
#include "report/status.h"

/* How the rows are shown. */
struct check_view {
        bool all; /* each as it is; else what passes is summed up */
        const struct plan *plan;
};

/* names: beside the devices of the plan's facts; worked: of state/worked.h; steps: with each operation. */
void text_plan(FILE *f, const struct plan *plan, const struct pci_name *names, const char *const *worked, bool steps,
               struct arena *a);
/* How many rules are ok, whether the boot images have them, and the next step. */
enum plan_images {
        PLAN_IMAGES_NONE, /* none is found */
        PLAN_IMAGES_UNKNOWN,
        PLAN_IMAGES_OLD,
        PLAN_IMAGES_SOME, /* of several, some are old */
        PLAN_IMAGES_READY,
};
void text_plan_end(FILE *f, const struct plan *plan, enum plan_images images, const struct situation *now,
                   struct arena *a);
/* One rule of it; names may be NULL. */
void text_plan_rule(FILE *f, const struct plan *plan, size_t rule, const struct pci_name *names, struct arena *a);

/* What status knows besides the boot's outcome; what is not known is NULL. */
struct status_now {
        const struct plan *plan;           /* of the facts as they are */
        const struct pci_name *names;      /* beside their devices */
        const struct situation *situation; /* for the next step */
};
void text_status(FILE *f, const struct status *status, const struct status_now *now, struct arena *a);
/* Of listing_prepare(). */
void text_list(FILE *f, const struct listing *list, struct arena *a);
void text_device(FILE *f, const struct listing *list, size_t device, struct arena *a);
void text_show(FILE *f, const struct shown *shown, struct arena *a);
void text_checks(FILE *f, const struct checks *checks, const struct check_view *view, struct arena *a);
void text_findings(FILE *f, const struct findings *findings, struct arena *a);
