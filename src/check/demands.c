/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/demands.h"

#include "base/str.h"
#include "config/driver.h"

#define NAMED 4 /* of many devices, so many are named */

const char *const demand_domain_fix = "give it to other virtual machines; if it is behind Intel's VMD, hand the "
                                      "controller over, or switch VMD off in "
                                      "the firmware setup";

static bool same(const struct demand *a, const struct demand *b)
{
        return a->status == b->status && streq(a->why, b->why) && streq(a->fix, b->fix);
}

void demands_add(struct checker *c, struct demands *list, const char *who, struct demand demand)
{
        struct judged *x = NULL;

        if (!demand.why)
                return;
        for (size_t i = 0; i < list->n && !x; i++)
                x = same(&list->v[i].demand, &demand) ? &list->v[i] : NULL;
        if (!x) {
                x = arena_grow(c->arena, &list->v, list->n++, sizeof(*x));
                *x = (struct judged){.demand = demand};
        }
        strings_add(c->arena, &x->who, who);
}

static const char *names(struct checker *c, const struct strings *who)
{
        const char *text = "";

        for (size_t i = 0; i < who->n && i < NAMED; i++)
                text = arena_join(c->arena, text, i > 0 ? ", " : "", who->v[i], NULL);
        return who->n > NAMED ? arena_printf(c->arena, "%s and %zu more", text, who->n - NAMED) : text;
}

void demands_put(struct checker *c, const char *id, const struct demands *list, const char *none)
{
        for (size_t i = 0; i < list->n; i++)
                check_row(c, id, list->v[i].demand.status, list->v[i].demand.fix, "%s: %s", names(c, &list->v[i].who),
                          list->v[i].demand.why);
        if (list->n == 0)
                check_row(c, id, CHECK_SKIP, "", "%s", none);
}

void demands_each(struct checker *c, const char *id,
                  struct demand (*judge)(struct checker *c, const struct plan_entry *e))
{
        struct demands list = {};

        for (size_t i = 0; i < c->plan->n_entries; i++)
                if (demand_given(c, &c->plan->entries[i]))
                        demands_add(c, &list, check_device(c, &c->plan->entries[i])->address,
                                    judge(c, &c->plan->entries[i]));
        demands_put(c, id, &list, "no rule hands over a PCI device that is here");
}

bool demand_on_bus(const struct device *d, const char *bus)
{
        return streq(d->bus->syntax->name, bus);
}

bool demand_given(const struct checker *c, const struct plan_entry *e)
{
        const struct device *d = check_device(c, e);

        return e->action == ACTION_BIND && e->below == NO_ENTRY && demand_on_bus(d, "pci") && !device_is_vgpu(d);
}

bool demand_given_vfio(const struct checker *c, size_t device)
{
        const struct plan_entry *e = plan_find(c->plan, device);

        return e && demand_given(c, e) && e->stage != STAGE_DEMAND && streq(e->driver, DRIVER_VFIO_PCI);
}

const struct device *demand_member(const struct checker *c, const struct device *d,
                                   bool (*is)(const struct checker *c, const struct device *d, size_t other))
{
        const struct facts *facts = c->plan->facts;
        size_t first = 0, n = d->group == NO_GROUP ? 0 : facts_group(facts, d->group, &first);

        for (size_t i = first; i < first + n; i++) {
                size_t other = facts->by_group[i];

                if (&facts->devices[other] != d && is(c, d, other))
                        return &facts->devices[other];
        }
        return NULL;
}

const char *demand_rule_of(const struct checker *c, const struct device *d)
{
        const struct plan_entry *e = plan_find(c->plan, (size_t)(d - c->plan->facts->devices));

        return e && e->action == ACTION_BIND ? check_rule(c, e) : NULL;
}

const struct device *demand_twin(const struct checker *c, const struct plan_entry *e)
{
        const struct facts *facts = c->plan->facts;
        const struct device *is = check_device(c, e);

        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];
                const struct plan_entry *x = plan_find(c->plan, i);

                if (d == is || d->bus != is->bus || !*d->id || !streq(d->id, is->id))
                        continue;
                if (x && x->action == ACTION_BIND ? x->rule != e->rule && streq_ptr(x->driver, e->driver)
                                                  : streq_ptr(d->driver_now, e->driver))
                        return d;
        }
        return NULL;
}

bool demand_at_boot(struct checker *c, const struct plan_entry *e, const char *who, struct demand *ret)
{
        const struct rule *rule = &c->plan->config->rules[e->rule];

        if (e->stage != STAGE_DEMAND)
                return true;
        *ret = (struct demand){CHECK_FAIL,
                               arena_join(c->arena, who,
                                          " looks for it at its start, and it is handed over only while ",
                                          "passthrough@", rule->name, ".service runs", NULL),
                               arena_join(c->arena, "take Stage=demand out of ",
                                          rule->stage_file ? rule->stage_file : rule->file, NULL)};
        return false;
}

const char *demand_driver_fix(struct checker *c, const struct plan_entry *e)
{
        return arena_join(c->arena, "write Driver=" DRIVER_VFIO_PCI " below [Device] of ",
                          c->plan->config->rules[e->rule].file, NULL);
}
