/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What could become of a device that no rule speaks of: the plan's own answer, to a rule made up for the question.
 * Pure. */

#include "plan/plan.h"

struct handover {
        enum action action;
        const char *reason;       /* "" where there is nothing to say */
        struct reason why, cause; /* of the reason: its own, and of one that is refused for another's refusal that */
        size_t cause_of;          /* whose the cause is, or NO_DEVICE */
        size_t *along;            /* devices that come with it */
        size_t n_along;
};

/*
 * By position in facts->devices. Where the plan has an entry it is that; else what a rule would bring that names this
 * one device alone, for vfio-pci, and takes its IOMMU group along, whether or not this boot has all rules switched off.
 */
struct handover *plan_handovers(const struct plan *plan, struct arena *a) _must_check_;
