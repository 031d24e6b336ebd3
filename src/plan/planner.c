/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/planner.h"

void planner_add(struct planner *p, size_t device, size_t rule, enum action action, const char *reason)
{
        struct plan *plan = p->plan;
        struct plan_entry *e = arena_grow(p->arena, &plan->entries, plan->n_entries, sizeof(*plan->entries));

        *e = (struct plan_entry){.device = device,
                                 .rule = rule,
                                 .action = action,
                                 .stage = STAGE_INITRD,
                                 .reason = reason,
                                 .leader = NO_ENTRY,
                                 .below = NO_ENTRY};
        p->entry_of[device] = plan->n_entries++;
}

void planner_refuse(struct planner *p, struct plan_entry *e, const char *format, ...)
{
        va_list ap;

        if (e->action == ACTION_REFUSE)
                return;
        va_start(ap, format);
        e->reason = arena_vprintf(p->arena, format, ap);
        va_end(ap);
        e->action = ACTION_REFUSE;
}
