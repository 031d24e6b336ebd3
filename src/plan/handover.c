/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many devices are asked for at once, each by a rule of its own, as long as none has to do with another: one of each
 * set that shares a slot, an IOMMU group or the machine's keyboards, or hangs below one another.
 */
#include "plan/handover.h"

#include "base/str.h"
#include "guard/evidence.h"
#include "plan/planner.h"

#define ROUND_BRIDGES 0 /* refused one by one, so all at once; and no part of any set */

struct asking {
        const struct plan *plan;
        struct arena *arena;
        size_t *set;   /* by device: another of its set that leads to the first, which leads to itself */
        size_t *round; /* by device: when it is asked for, or NO_RULE */
        size_t n_rounds;
        struct handover *ret;
};

static size_t set_of(const struct asking *x, size_t device)
{
        while (x->set[device] != device) {
                x->set[device] = x->set[x->set[device]];
                device = x->set[device];
        }
        return device;
}

static void join(struct asking *x, size_t a, size_t b)
{
        a = set_of(x, a);
        b = set_of(x, b);
        x->set[MAX(a, b)] = MIN(a, b);
}

static void find_sets(struct asking *x)
{
        const struct facts *facts = x->plan->facts;
        size_t last = NO_DEVICE, keyboard = NO_DEVICE;

        for (size_t i = 0; i < facts->n_devices; i++)
                x->set[i] = i;
        /* By address, what is no virtual function stands together. */
        for (size_t i = 0; i < facts->n_devices; i++) {
                if (facts->devices[i].roles & ROLE_BRIDGE || facts->devices[i].parent)
                        continue;
                if (last != NO_DEVICE && device_same_card(&facts->devices[last], &facts->devices[i]))
                        join(x, last, i);
                last = i;
        }
        last = NO_DEVICE;
        for (size_t i = 0; i < facts->n_devices; i++) {
                size_t device = facts->by_group[i];

                if (facts->devices[device].roles & ROLE_BRIDGE || facts->devices[device].group == NO_GROUP)
                        continue;
                if (last != NO_DEVICE && facts->devices[last].group == facts->devices[device].group)
                        join(x, last, device);
                last = device;
        }
        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->below[i] != NO_DEVICE && !facts->devices[i].parent &&
                    !((facts->devices[i].roles | facts->devices[facts->below[i]].roles) & ROLE_BRIDGE))
                        join(x, i, facts->below[i]);
        for (size_t i = 0; i < facts->evidence->n_keyboards; i++) {
                const struct node *n = &facts->evidence->nodes[facts->evidence->keyboards[i]];

                for (size_t k = 0; k < n->n_devices; k++) {
                        if (facts->devices[n->devices[k]].roles & ROLE_BRIDGE)
                                continue;
                        if (keyboard != NO_DEVICE)
                                join(x, keyboard, n->devices[k]);
                        keyboard = n->devices[k];
                }
        }
}

/* In each round one of every set, of those that no rule speaks of. */
static void find_rounds(struct asking *x)
{
        const struct facts *facts = x->plan->facts;
        size_t *asked = arena_alloc(x->arena, facts->n_devices * sizeof(*asked)); /* by first of a set */

        x->n_rounds = ROUND_BRIDGES + 1;
        for (size_t i = 0; i < facts->n_devices; i++) {
                x->round[i] = NO_RULE;
                if (plan_find(x->plan, i))
                        continue;
                x->round[i] =
                        facts->devices[i].roles & ROLE_BRIDGE ? ROUND_BRIDGES : ROUND_BRIDGES + ++asked[set_of(x, i)];
                x->n_rounds = MAX(x->n_rounds, x->round[i] + 1);
        }
}

/* A refusal for another's refusal tells nothing without that one's. */
static void take_reason(const struct asking *x, const struct plan *answer, const struct plan_entry *e,
                        struct handover *h)
{
        h->why = plan_reason(e);
        h->reason = e->reason;
        for (size_t i = 0; e->derived && i < answer->n_entries; i++) {
                const struct plan_entry *cause = &answer->entries[i];

                if (cause->action == ACTION_REFUSE && !cause->derived &&
                    set_of(x, cause->device) == set_of(x, e->device)) {
                        h->cause = plan_reason(cause);
                        h->cause_of = cause->device;
                        h->reason =
                                arena_join(x->arena, e->reason, "; ", x->plan->facts->devices[cause->device].address,
                                           ": ", cause->reason, NULL);
                        return;
                }
        }
}

static void comes_along(const struct asking *x, size_t leader, size_t device)
{
        struct handover *h = &x->ret[leader];
        size_t *next = arena_grow(x->arena, &h->along, h->n_along, sizeof(*h->along));

        *next = device;
        h->n_along++;
}

/* device_of: by rule, from that of the first that was asked for. */
static void take_answer(const struct asking *x, const struct plan *answer, const size_t *device_of)
{
        for (size_t i = 0; i < answer->n_entries; i++) {
                const struct plan_entry *e = &answer->entries[i];
                size_t device;

                if (e->rule < x->plan->config->n_rules)
                        continue;
                device = device_of[e->rule - x->plan->config->n_rules];
                if (e->device == device) {
                        x->ret[device].action = e->action;
                        x->ret[device].reason = "";
                        if (e->action != ACTION_BIND)
                                take_reason(x, answer, e, &x->ret[device]);
                } else {
                        if (e->action == ACTION_BIND)
                                comes_along(x, device, e->device);
                }
        }
}

static void ask(const struct asking *x, const struct facts *facts, size_t round)
{
        const struct config *own = x->plan->config;
        size_t *asked = arena_alloc(x->arena, facts->n_devices * sizeof(*asked)), *device_of, n = 0;
        struct config config = {.n_rules = own->n_rules};
        struct plan answer;

        for (size_t i = 0; i < facts->n_devices; i++)
                n += x->round[i] == round;
        if (n == 0)
                return;
        config.rules = arena_alloc(x->arena, (own->n_rules + n) * sizeof(*config.rules));
        device_of = arena_alloc(x->arena, n * sizeof(*device_of));
        if (own->n_rules > 0)
                memcpy(config.rules, own->rules, own->n_rules * sizeof(*own->rules));
        for (size_t i = 0; i < facts->n_devices; i++) {
                struct rule *rule = &config.rules[config.n_rules];

                asked[i] = NO_RULE;
                if (x->round[i] != round)
                        continue;
                *rule = RULE_INIT;
                rule->bus = facts->devices[i].bus->syntax;
                rule->name = "(asked for)";
                rule->group = GROUP_COMPLETE;
                rule->expect_min = 0;
                device_of[config.n_rules - own->n_rules] = i;
                asked[i] = config.n_rules++;
        }
        planner_run(&config, facts, asked, own->n_rules, x->arena, &answer);
        take_answer(x, &answer, device_of);
}

static void take_own(const struct asking *x)
{
        for (size_t i = 0; i < x->plan->n_entries; i++) {
                const struct plan_entry *e = &x->plan->entries[i];

                x->ret[e->device].action = e->action;
                x->ret[e->device].reason = e->reason;
                x->ret[e->device].why = plan_reason(e);
                if (e->action == ACTION_BIND && e->leader != NO_ENTRY)
                        comes_along(x, x->plan->entries[e->leader].device, e->device);
        }
}

struct handover *plan_handovers(const struct plan *plan, struct arena *a)
{
        size_t n_devices = plan->facts->n_devices;
        struct asking x = {.plan = plan, .arena = a};
        struct facts facts = *plan->facts;

        facts.off = false;
        x.set = arena_alloc(a, n_devices * sizeof(*x.set));
        x.round = arena_alloc(a, n_devices * sizeof(*x.round));
        x.ret = arena_alloc(a, n_devices * sizeof(*x.ret));
        for (size_t i = 0; i < n_devices; i++)
                x.ret[i].cause_of = NO_DEVICE;
        find_sets(&x);
        find_rounds(&x);
        for (size_t round = 0; round < x.n_rounds; round++)
                ask(&x, &facts, round);
        take_own(&x);
        return x.ret;
}
