/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/hotplug.h"

#include "base/str.h"
#include "config/driver.h"
#include "config/vgpu.h"
#include "plan/sriov.h"

/* An event that was asked for is about the past. */
static const char head[] = "# Made by passthrough-bind from passthrough.d(5), see passthrough(7)\n"
                           "ACTION!=\"add\", GOTO=\"passthrough_end\"\n"
                           "ENV{SYNTH_UUID}!=\"\", GOTO=\"passthrough_end\"\n";
static const char start[] = "TAG+=\"systemd\", ENV{SYSTEMD_WANTS}+=\"passthrough-hotplug@$kernel.service\", ";
static const char leave[] = "GOTO=\"passthrough_end\"\n", end[] = "LABEL=\"passthrough_end\"\n";

static bool counts(const struct plan *plan, const bool *left_out, size_t rule)
{
        return !left_out[rule] && plan->rules[rule].state != RULE_INVALID && plan->rules[rule].state != RULE_SKIPPED;
}

/*
 * udev has the modules loaded, so that the process need not be let load any. Driver=auto: of the names that a variant
 * driver may have, "vfio_" and what the kernel calls the device.
 */
static const char *action(struct arena *a, const struct rule *rule)
{
        const char *text = "RUN{builtin}+=\"kmod load", *modules[DRIVER_MODULES_MAX];
        size_t n = driver_modules(driver_of_rule(rule), modules);

        if (n == 0)
                return "";
        if (rule->driver == DRIVER_AUTO)
                text = arena_join(a, text, " vfio_$env{MODALIAS}", NULL);
        for (size_t i = 0; i < n; i++)
                text = arena_join(a, text, " ", modules[i], NULL);
        return arena_join(a, text, "\", ", start, NULL);
}

static const struct device *parent_of(const struct plan *plan, const struct sriov_parent *x)
{
        return &plan->facts->devices[plan->entries[x->entry].device];
}

static bool makes(const struct plan *plan, const char *address)
{
        for (size_t i = 0; i < plan->sriov->n_parents; i++) {
                const struct sriov_parent *x = &plan->sriov->parents[i];
                const struct sriov *sriov = plan->config->rules[plan->entries[x->entry].rule].sriov;

                if (streq(parent_of(plan, x)->address, address))
                        return !x->refused && x->count > 0 && sriov->kind != VF_COUNT_EXISTING;
        }
        return false;
}

/* Whether all that have this ID and this place are ours. */
static bool makes_all(const struct plan *plan, const struct sriov_parent *x)
{
        for (size_t i = 0; i < x->is.twins.n; i++)
                if (!makes(plan, x->is.twins.v[i]))
                        return false;
        return x->is.vf_id && makes(plan, parent_of(plan, x)->address);
}

/* Who makes virtual functions takes them, all in one process. An earlier rule may mean one of them all the same. */
static const char *made(const struct bus *bus, const struct plan *plan, size_t rule, struct arena *a)
{
        const char *text = "";

        for (size_t i = 0; plan->sriov && i < plan->sriov->n_parents; i++) {
                const struct sriov_parent *x = &plan->sriov->parents[i];

                if (plan->entries[x->entry].rule == rule && bus->udev_made && makes_all(plan, x))
                        text = arena_join(a, text, "# virtual functions of ", parent_of(plan, x)->address, "\n",
                                          bus->udev_made(a, parent_of(plan, x), x->is.vf_id), leave, NULL);
        }
        return text;
}

/* Adds those of one bus; nothing where no rule of it takes a device. */
static void add_bus(const struct bus *bus, const struct plan *plan, const bool *left_out, struct arena *a,
                    struct strings *all)
{
        struct strings texts = {};
        bool any = false;

        for (size_t i = 0; i < plan->config->n_rules; i++) {
                const struct rule *rule = &plan->config->rules[i];
                bool stays = rule->driver == DRIVER_NATIVE || rule_on_demand(rule), whole;
                const char *which;

                if (rule->bus != bus->syntax || !counts(plan, left_out, i))
                        continue;
                which = bus->udev(a, rule, &whole);
                strings_add(a, &texts, made(bus, plan, i, a));
                /* What the host keeps ends here only where that is sure; else the process finds out. */
                if (stays && !whole)
                        continue;
                strings_add(a, &texts,
                            arena_join(a, "# ", rule->name, "\n", which, stays ? "" : action(a, rule), leave, NULL));
                any |= !stays;
        }
        if (!any)
                return;
        strings_add(a, all, arena_join(a, head, bus->udev_head, NULL));
        for (size_t i = 0; i < texts.n; i++)
                strings_add(a, all, texts.v[i]);
        strings_add(a, all, end);
}

/*
 * Virtual functions are made where a driver has their parent, also one that comes again: without one, the unit that
 * systemd has of the device is taken away, and what it wants is started anew with it.
 */
static void add_driven(const struct bus *bus, const char *which, const char *unit, const struct rule *rule,
                       struct arena *a, struct strings *all)
{
        strings_add(a, all,
                    arena_join(a, "SUBSYSTEM==\"", bus->syntax->name, "\", ", which,
                               "TAG+=\"systemd\", ENV{SYSTEMD_READY}=\"0\"\nSUBSYSTEM==\"", bus->syntax->name,
                               "\", DRIVER==\"?*\", ", which, "ENV{SYSTEMD_READY}=\"1\", ENV{SYSTEMD_WANTS}+=\"", unit,
                               "@", rule->name, ".service\"\n", NULL));
}

/*
 * Virtual GPUs are made where a parent registers. No other event of it wants their service, so that each such event
 * starts it anew. A virtual function may be a parent itself, or get its type once NVIDIA's driver has it. The service
 * that makes these wants the other.
 */
static void add_gpus(const struct bus *bus, const char *which, const struct rule *rule, struct arena *a,
                     struct strings *all)
{
        static const char registered[] = "ENV{MDEV_STATE}==\"registered\", ";
        const char *wants = arena_join(a, "TAG+=\"systemd\", ENV{SYSTEMD_WANTS}+=\"passthrough-vgpu@", rule->name,
                                       ".service\"\n", NULL);
        /* A parent that is on no other bus is in a class of its driver's. */
        const char *subsystem =
                bus->syntax->made ? "" : arena_join(a, "SUBSYSTEM==\"", bus->syntax->name, "\", ", NULL);

        strings_add(a, all, arena_join(a, subsystem, registered, which, wants, NULL));
        if (bus->syntax->made)
                return;
        add_driven(bus, which, "passthrough-vgpu-functions", rule, a, all);
        strings_add(a, all, arena_join(a, subsystem, registered, "TEST==\"physfn\", ", wants, NULL));
        strings_add(a, all,
                    arena_join(a, subsystem, "ACTION==\"bind\", TEST==\"nvidia/current_vgpu_type\", ", wants, NULL));
}

static void add_parents(const struct bus *bus, const struct plan *plan, const bool *left_out, struct arena *a,
                        struct strings *all)
{
        for (size_t i = 0; i < plan->config->n_rules; i++) {
                const struct rule *rule = &plan->config->rules[i];
                bool whole, gpus = rule->vgpu && vgpu_typed(rule->vgpu) && !rule_on_demand(rule);
                const char *which;

                if (!(rule->sriov || gpus) || rule->bus != bus->syntax || !counts(plan, left_out, i))
                        continue;
                which = bus->udev(a, rule, &whole);
                if (rule->sriov)
                        add_driven(bus, which, "passthrough-sriov", rule, a, all);
                if (gpus)
                        add_gpus(bus, which, rule, a, all);
        }
}

const char *hotplug_rules(const struct plan *plan, const struct bus_source *const *buses, const bool *left_out,
                          struct arena *a)
{
        struct strings all = {};

        for (size_t i = 0; buses[i]; i++)
                if (buses[i]->bus->udev && !buses[i]->bus->syntax->taken_by) {
                        add_parents(buses[i]->bus, plan, left_out, a, &all);
                        add_bus(buses[i]->bus, plan, left_out, a, &all);
                }
        return all.n > 0 ? strings_text(a, &all) : NULL;
}

struct strings hotplug_modules(const struct plan *plan, const bool *left_out, struct arena *a)
{
        struct strings list = {};

        for (size_t i = 0; i < plan->config->n_rules; i++) {
                const char *modules[DRIVER_MODULES_MAX];
                const struct rule *rule = &plan->config->rules[i];
                size_t n = counts(plan, left_out, i) && !rule_on_demand(rule)
                                   ? driver_modules(driver_of_rule(rule), modules)
                                   : 0;

                for (size_t k = 0; k < n; k++)
                        if (*driver_options(modules[k]) && str_index(modules[k], list.v, list.n) < 0)
                                strings_add(a, &list, modules[k]);
        }
        return list;
}
