/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that contradict each other across buses: one takes a device, another what is on it. Neither can have its way,
 * and which of them is meant is not for us to say.
 */
#include "base/str.h"
#include "plan/planner.h"

static bool is_on(const struct device *d, const struct device *other)
{
        const char *rest = d->bus == other->bus ? NULL : startswith(d->sysfs, other->sysfs) ? d->sysfs : NULL;

        return rest && rest[strlen(other->sysfs)] == '/';
}

static void refuse(struct planner *p, struct plan_entry *e, const struct plan_entry *other, enum reason_kind kind,
                   const char *where)
{
        bool keeps = other->action == ACTION_KEEP;

        planner_refuse(p, e, kind, entry_device(p, other)->address,
                       "rule %s %s %s, which is %s; only one of the two rules can have its way: change or remove one",
                       p->config->rules[other->rule].name, keeps ? "leaves the host" : "takes",
                       entry_device(p, other)->address, where);
}

void planner_contradictions(struct planner *p)
{
        const struct plan *plan = p->plan;
        bool *wanted = arena_alloc(p->arena, plan->n_entries * sizeof(*wanted)); /* whatever contradicts it */

        for (size_t i = 0; i < plan->n_entries; i++)
                wanted[i] = plan->entries[i].action == ACTION_BIND &&
                            !(entry_device(p, &plan->entries[i])->roles & ROLE_BRIDGE);
        for (size_t i = 0; i < plan->n_entries; i++)
                for (size_t k = 0; k < plan->n_entries; k++) {
                        struct plan_entry *above = &plan->entries[i], *below = &plan->entries[k];

                        if (!wanted[i] || !is_on(entry_device(p, below), entry_device(p, above)))
                                continue;
                        if (wanted[k])
                                refuse(p, below, above, REASON_ABOVE, "what it is on");
                        if (wanted[k] || below->action == ACTION_KEEP)
                                refuse(p, above, below, REASON_BENEATH, "on it");
                }
}
