/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udev asks whether a rule takes a device that it is about to tell the host of. The answer is the plan's of this
 * moment, and nothing is written for it but a number that the device keeps. Whoever waits for udev may hold the
 * record's lock: it is not waited for. Without an answer the host has the device.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/recfile.h"
#include "base/str.h"
#include "bind/run.h"
#include "guard/evidence.h"
#include "maker/table.h"
#include "plan/claims-udev.h"
#include "state/links.h"

/* Seconds; udev has 180 for all that it does for one event (udev.conf(5), event_timeout). */
#define LONGEST 60

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather};

/* Given back by hand, it stays with the host until it is bound by hand, or the next boot. */
static bool is_released(const struct run *r, const struct device *d)
{
        const struct record_device *x = record_find_device(&r->record, d->address);

        return x && x->action == ACTION_KEEP && x->state != STATE_NONE && record_device_is(x, d);
}

/* Whoever takes it waits for the answer, and has looked at what stands against the rule. */
static bool is_begun(const struct run *r, const struct device *d)
{
        const struct record_device *x = record_find_device(&r->record, d->address);

        return x && x->state == STATE_BEGUN && record_device_is(x, d);
}

static bool is_held(const struct run *r, const struct device *d, const struct rule *rule)
{
        const struct record_device *x = record_find_device(&r->record, d->address);

        return x && record_device_held(x) && record_device_is(x, d) && streq(x->rule, rule->name);
}

/* Nothing stands against it but that it is blocked, and once it is not, it is not the host's either. */
static bool is_blocked_alone(const struct plan_entry *e)
{
        return e->kind == REASON_BLOCKED && !e->unknown && !e->needed;
}

/* One of Stage=demand takes what comes while it is started; what a broken record has of that, nobody knows. */
static bool is_idle(const struct run *r, const struct rule *rule, bool kept)
{
        return rule_on_demand(rule) && !kept && !run_same_text(r, rule);
}

/*
 * What has the device for the rule already keeps it, though the rule was edited, a virtual machine has it open or a
 * twin has come: another event of it is no new decision.
 */
static bool takes(const struct run *r, const struct plan_entry *e, bool broken)
{
        const struct device *d = &r->facts.devices[e->device];
        const struct rule *rule = &r->config.rules[e->rule];
        bool has = streq_ptr(d->claim, rule->name) && !r->record.rescued, begun = is_begun(r, d);

        /* What a record that is broken has of it, nobody knows: it may have been given back. */
        if (!rule->bus->taken_by || is_released(r, d) || is_idle(r, rule, has && (broken || is_held(r, d, rule))) ||
            (!has && !begun && (broken || run_closed(r, rule))))
                return false;
        /* Nothing shows what is on it any more, as whoever takes it has unbound its driver. */
        return e->action == ACTION_BIND ||
               (e->action == ACTION_REFUSE &&
                (is_blocked_alone(e) || (has && (e->kind == REASON_IN_USE || e->kind == REASON_SURPLUS)) ||
                 (begun && e->kind == REASON_NO_DRIVER)));
}

static void answer(struct run *r, const struct plan_entry *e)
{
        struct diags problems = {.arena = &r->arena};
        size_t entry = (size_t)(e - r->plan.entries);
        /* Until the host's first service, which comes behind /var, the numbers that there are may not show. */
        const char *name = r->record.host ? links_name(r->root, &r->arena, &r->plan, entry, &problems)
                                          : links_known(r->root, &r->arena, &r->plan, entry);

        printf(CLAIM_RULE "=%s\n", r->config.rules[e->rule].name);
        if (name)
                printf(CLAIM_LINK "=" CLAIM_LINKS "/%s\n", name);
        for (size_t i = 0; i < problems.n; i++)
                fprintf(stderr, "%s\n", problems.v[i].message);
}

int run_claim(const struct root *root, const char *address)
{
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources, .asked = address};
        const struct plan_entry *e;
        size_t device;
        bool broken;
        int k = facts_read_switches(root, &r.arena, &r.facts);

        if (root->live)
                alarm(LONGEST);
        if (k < 0 || r.facts.off)
                return k;
        k = record_read(root, &r.arena, &r.record);
        broken = k == RECFILE_MALFORMED;
        /* Until the host's services are there, not all that it uses shows. */
        if (k >= 0)
                k = run_load(&r, true, r.record.host ? STAGE_DEMAND : STAGE_HOST);
        if (k < 0)
                return k;
        device = facts_find(&r.facts, address);
        e = device == NO_DEVICE ? NULL : plan_find(&r.plan, device);
        if (e && takes(&r, e, broken))
                answer(&r, e);
        return RUN_DONE;
}
