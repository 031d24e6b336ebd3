/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that udev claims and what it is on, which a rule of another bus takes with all that is behind it: rules for
 * both contradict each other. Of a controller, whoever wrote them is asked which is meant, and neither is taken. Where
 * udev claims the one above, too, it does so before the one below shows: that one alone is refused. A rule that leaves
 * the one below to the host counts before that shows, too.
 */
#include "base/str.h"
#include "facts/match.h"
#include "plan/planner.h"

static const char *rule_of(const struct planner *p, const struct plan_entry *e)
{
        return p->config->rules[e->rule].name;
}

/* The entry of another bus that is taken and that the device is below, or NO_ENTRY. */
static size_t controller_of(const struct planner *p, size_t device)
{
        /* Who makes mediated devices is refused for these in its own words. */
        if (p->facts->devices[device].bus->syntax->made)
                return NO_ENTRY;
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

/* ---- ports that do not show yet -------------------------------------------------------------------------------- */

/* Nothing shows of what a driver of the host would make of it. */
static bool is_taken(const struct device *d)
{
        return d->claim || (d->driver_now && driver_sets_aside(d->driver_now));
}

/* A serial port may be made of the device, and none of it shows. In an initrd a PCI card has to be cleared anyway. */
static bool hides_ports(const struct planner *p, size_t device)
{
        const struct device *d = &p->facts->devices[device];

        for (size_t i = 0; i < p->facts->n_devices; i++)
                if (p->facts->devices[i].bus->syntax->on_others && p->facts->below[i] == device)
                        return false;
        if (d->bus->interfaces)
                return d->ports_unseen || (is_taken(d) && d->roles & (ROLE_SERIAL | ROLE_GUARDED));
        return d->roles & ROLE_SERIAL && !p->facts->in_initrd && (!d->driver_now || is_taken(d));
}

/* The rule that leaves such a port to the host, as far as that is known; *ret_sure: each port of it. NULL: none. */
static const struct rule *keeper_of(const struct planner *p, const struct device *d, bool *ret_sure)
{
        for (size_t r = 0; r < p->n_matching; r++) {
                const struct rule *rule = &p->config->rules[r];
                enum tristate fit;

                if (!rule->bus || !rule->bus->on_others || p->plan->rules[r].state == RULE_SKIPPED ||
                    (rule->invalid && (!rule->decides || rule->unread)))
                        continue;
                fit = match_on(rule, p->facts, d);
                *ret_sure = fit == YES;
                if (fit != NO && (rule->invalid || rule->driver == DRIVER_NATIVE))
                        return rule;
                if (fit == YES)
                        return NULL;
        }
        return NULL;
}

static void refuse_for_hidden(struct planner *p, struct plan_entry *e)
{
        bool sure;
        const struct rule *rule = hides_ports(p, e->device) ? keeper_of(p, entry_device(p, e), &sure) : NULL;

        if (!rule)
                return;
        if (sure) {
                planner_refuse(p, e, REASON_BENEATH, NULL,
                               "a serial port of it would go with it, and rule %s leaves that one to the host",
                               rule->name);
        } else if (!is_taken(entry_device(p, e))) { /* its ports were looked at before it was taken */
                const char *text = arena_join(p->arena, "a serial port may be made of it, and rule ", rule->name,
                                              " may leave that one to the host; it can be handed over once its driver "
                                              "has shown its ports",
                                              NULL);

                planner_refuse_for(e, REASON_NO_DRIVER, text, NULL, text);
        }
}

void planner_controllers(struct planner *p)
{
        for (size_t i = 0; i < p->plan->n_entries; i++) {
                struct plan_entry *e = &p->plan->entries[i];
                size_t controller = controller_of(p, e->device);

                if (e->action == ACTION_BIND)
                        refuse_for_hidden(p, e);
                if (controller == NO_ENTRY || entry_device(p, e)->roles & ROLE_BRIDGE)
                        continue;
                if (e->action == ACTION_KEEP)
                        refuse_for_kept(p, e, &p->plan->entries[controller]);
                else
                        refuse_below(p, e, &p->plan->entries[controller]);
        }
}
