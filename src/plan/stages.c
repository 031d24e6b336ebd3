/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Half an IOMMU group is of no use before the other half is there, and half a card neither: where rules leave it to the
 * plan, all that goes together is taken at the stage of what has to wait longest. Nothing waits for what no boot takes:
 * then it is refused.
 */
#include "plan/planner.h"

/* Whether the entry waits for the other, which is taken later. */
static bool wait_for(struct planner *p, struct plan_entry *e, size_t other)
{
        const struct plan_entry *o = other == NO_ENTRY ? NULL : &p->plan->entries[other];

        if (!o || o->action != ACTION_BIND || o->stage <= e->stage || o->stage == STAGE_DEMAND ||
            entry_device(p, o)->roles & ROLE_BRIDGE || p->config->rules[e->rule].stage != STAGE_AUTO)
                return false;
        e->stage = o->stage;
        return true;
}

static bool wait_for_company(struct planner *p, size_t i)
{
        struct plan_entry *entries = p->plan->entries, *e = &entries[i];
        int group = entry_device(p, e)->group;
        size_t first, n = group == NO_GROUP ? 0 : facts_group(p->facts, group, &first);
        size_t with[] = {e->leader, e->below};
        bool changed = false;

        for (size_t k = 0; k < n; k++)
                changed |= wait_for(p, e, p->entry_of[p->facts->by_group[first + k]]);
        for (size_t k = 0; k < ARRAY_SIZE(with); k++) {
                changed |= wait_for(p, e, with[k]);
                if (with[k] != NO_ENTRY && entries[with[k]].action == ACTION_BIND)
                        changed |= wait_for(p, &entries[with[k]], i);
        }
        return changed;
}

void planner_stages(struct planner *p)
{
        for (bool changed = true; changed;) {
                changed = false;
                for (size_t i = 0; i < p->plan->n_entries; i++)
                        if (p->plan->entries[i].action == ACTION_BIND)
                                changed |= wait_for_company(p, i);
        }
}
