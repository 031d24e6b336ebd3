/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/hotplug.h"

#include "base/str.h"

/* An event that was asked for is about the past. */
static const char head[] = "# Made by passthrough-bind from passthrough.d(5), see passthrough(7)\n"
                           "ACTION!=\"add\", GOTO=\"passthrough_end\"\n"
                           "ENV{SYNTH_UUID}!=\"\", GOTO=\"passthrough_end\"\n";
static const char start[] = "TAG+=\"systemd\", ENV{SYSTEMD_WANTS}+=\"passthrough-hotplug@$kernel.service\", ";
static const char leave[] = "GOTO=\"passthrough_end\"\n", end[] = "LABEL=\"passthrough_end\"\n";

/* Adds those of one bus; nothing where no rule of it takes a device. */
static void add_bus(const struct bus *bus, const struct plan *plan, const bool *left_out, struct arena *a,
                    struct strings *all)
{
        struct strings texts = {};
        bool any = false;

        for (size_t i = 0; i < plan->config->n_rules; i++) {
                const struct rule *rule = &plan->config->rules[i];
                bool native = rule->driver == DRIVER_NATIVE, whole;
                const char *which;

                if (left_out[i] || rule->bus != bus->syntax || plan->rules[i].state == RULE_INVALID ||
                    plan->rules[i].state == RULE_SKIPPED)
                        continue;
                which = bus->udev(a, rule, &whole);
                /* What the host keeps ends here only where that is sure; else the process finds out. */
                if (native && !whole)
                        continue;
                strings_add(a, &texts, arena_join(a, "# ", rule->name, "\n", which, native ? "" : start, leave, NULL));
                any |= !native;
        }
        if (!any)
                return;
        strings_add(a, all, arena_join(a, head, bus->udev_head, NULL));
        for (size_t i = 0; i < texts.n; i++)
                strings_add(a, all, texts.v[i]);
        strings_add(a, all, end);
}

const char *hotplug_rules(const struct plan *plan, const struct bus_source *const *buses, const bool *left_out,
                          struct arena *a)
{
        struct strings all = {};

        for (size_t i = 0; buses[i]; i++)
                if (buses[i]->bus->udev)
                        add_bus(buses[i]->bus, plan, left_out, a, &all);
        return all.n > 0 ? strings_text(a, &all) : NULL;
}
