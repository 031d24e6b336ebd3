/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/planner.h"

#include "guard/evidence.h"

void planner_add(struct planner *p, size_t device, size_t rule, enum action action, enum reason_kind kind,
                 const char *reason)
{
        struct plan *plan = p->plan;
        struct plan_entry *e = arena_grow(p->arena, &plan->entries, plan->n_entries, sizeof(*plan->entries));

        *e = (struct plan_entry){.device = device,
                                 .rule = rule,
                                 .action = action,
                                 .stage = STAGE_INITRD,
                                 .reason = reason,
                                 .kind = kind,
                                 .leader = NO_ENTRY,
                                 .below = NO_ENTRY};
        p->entry_of[device] = plan->n_entries++;
}

void planner_refuse_for(struct plan_entry *e, enum reason_kind kind, const char *text, const char *about,
                        const char *more)
{
        if (e->action == ACTION_REFUSE)
                return;
        e->reason = text;
        e->kind = kind;
        e->about = about;
        e->more = more;
        e->action = ACTION_REFUSE;
}

void planner_refuse(struct planner *p, struct plan_entry *e, enum reason_kind kind, const char *about,
                    const char *format, ...)
{
        va_list ap;

        if (e->action == ACTION_REFUSE)
                return;
        va_start(ap, format);
        planner_refuse_for(e, kind, arena_vprintf(p->arena, format, ap), about, NULL);
        va_end(ap);
}

bool planner_needed(struct planner *p, struct plan_entry *e, struct reason *ret)
{
        const struct use *use = p->uses[e->device];

        if (!use)
                return false;
        e->needed = p->needed[e->device];
        e->needed_for = use->what;
        e->by_process = use->by_process;
        reason_set(ret, use->by_process ? REASON_IN_USE : REASON_NEEDED,
                   arena_join(p->arena, use->by_process ? "in use: " : "the host needs it: ", e->needed, NULL));
        ret->about = use->what;
        ret->more = e->needed;
        return true;
}
