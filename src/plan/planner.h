/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The steps of plan_build(), each in a file of its own. All return 0 or -ENOMEM. */

#include "plan/plan.h"

#define NO_RULE SIZE_MAX

struct planner {
        const struct config *config;
        const struct facts *facts;
        struct arena *arena;
        struct plan *plan;
        size_t *entry_of; /* by device: its entry, or NO_ENTRY */
};

static inline const struct device *entry_device(const struct planner *p, const struct plan_entry *e)
{
        return &p->facts->devices[e->device];
}

/* An entry for a device that has none yet. Pointers to entries do not survive this. */
int planner_add(struct planner *p, size_t device, size_t rule, enum action action, const char *reason) _must_check_;

/* ACTION_BIND becomes ACTION_REFUSE; an entry refused already keeps its first reason. */
int planner_refuse(struct planner *p, struct plan_entry *e, const char *format, ...) _must_check_ _printf_(3, 4);

/* choose.c: which rule decides which device, and what comes along. */
int planner_match(struct planner *p) _must_check_;
int planner_skipped(struct planner *p) _must_check_;
int planner_expect(struct planner *p) _must_check_;
int planner_companions(struct planner *p) _must_check_;

/* refuse.c: what must not be taken, alone or with its group or slot. */
int planner_refusals(struct planner *p) _must_check_;

/* ops.c */
int planner_operations(struct planner *p) _must_check_;
