/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that udev claims and what it is on, which a rule of another bus takes with all that is behind it: rules for
 * both contradict each other. Of a controller, whoever wrote them is asked which is meant, and neither is taken. Where
 * udev claims the one above, too, it does so before the one below shows: that one alone is refused.
 */
#include "base/str.h"
#include "plan/planner.h"

static const char *rule_of(const struct planner *p, const struct plan_entry *e)
{
        return p->config->rules[e->rule].name;
}

/* The entry of another bus that is taken and that the device is below, or NO_ENTRY. */
static size_t controller_of(const struct planner *p, size_t device)
{
        for (size_t up = p->facts->below[device]; up != NO_DEVICE; up = p->facts->below[up]) {
                size_t entry = p->entry_of[up];

                if (entry != NO_ENTRY && p->facts->devices[up].bus != p->facts->devices[device].bus &&
                    (p->plan->entries[entry].action == ACTION_BIND || p->plan->entries[entry].kind == REASON_BENEATH))
                        return entry;
        }
        return NO_ENTRY;
}

/* Its rule leaves it to the host, whatever is to become of the controller. */
static void refuse_for_kept(struct planner *p, const struct plan_entry *e, struct plan_entry *controller)
{
        const char *address = entry_device(p, e)->address;

        planner_refuse(p, controller, REASON_BENEATH, address,
                       "%s is on it and would go with it, and rule %s leaves that one to the host", address,
                       rule_of(p, e));
}

/* "; remove ..."; "" where one of the rules is only asked for. */
static const char *remedy(const struct planner *p, const struct plan_entry *a, const struct plan_entry *b)
{
        return a->rule < p->n_matching && b->rule < p->n_matching
                       ? arena_join(p->arena, "; remove rule ", rule_of(p, a), " or rule ", rule_of(p, b), NULL)
                       : "";
}

static void refuse_below(struct planner *p, struct plan_entry *e, struct plan_entry *controller)
{
        const char *address = entry_device(p, e)->address, *above = entry_device(p, controller)->address;
        const char *what = remedy(p, e, controller);

        planner_refuse(p, e, REASON_ABOVE, above, "it is on %s, and rule %s takes that one with all that is on it%s",
                       above, rule_of(p, controller), what);
        if (!entry_device(p, controller)->bus->syntax->taken_by)
                planner_refuse(p, controller, REASON_BENEATH, address,
                               "%s is on it, and rule %s takes that one alone%s", address, rule_of(p, e), what);
}

void planner_controllers(struct planner *p)
{
        for (size_t i = 0; i < p->plan->n_entries; i++) {
                struct plan_entry *e = &p->plan->entries[i];
                size_t controller = controller_of(p, e->device);

                if (controller == NO_ENTRY || entry_device(p, e)->roles & ROLE_BRIDGE)
                        continue;
                if (e->action == ACTION_KEEP)
                        refuse_for_kept(p, e, &p->plan->entries[controller]);
                else
                        refuse_below(p, e, &p->plan->entries[controller]);
        }
}
