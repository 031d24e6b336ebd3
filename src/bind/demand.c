/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule of Stage=demand: its service starts, and takes its devices from the host as bind does by hand; it stops, and
 * gives them back. All of them or none. The record has the rule as long as it holds something.
 */
#include <stdlib.h>

#include "act/await.h"
#include "act/manager.h"
#include "base/str.h"
#include "bind/run.h"
#include "guard/evidence.h"
#include "maker/table.h"
#include "plan/hand.h"
#include "report/log.h"
#include "report/outcome.h"
#include "state/claim-files.h"
#include "state/given.h"

#define PATIENCE 10 /* seconds that a driver has to let go or to take hold */

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather};

static void say(const struct run *r, enum log_level level, const char *rule, const char *text)
{
        log_line(r->root, level, LOG_RULE, rule, NULL, "%s: %s", rule, text);
}

/* ---- the way back -----------------------------------------------------------------------------------------------
 */

/* Where something stands against one device, all stay. */
static bool may_give(struct run *r, const struct givens *all)
{
        bool may = true;

        for (size_t i = 0; i < all->n; i++) {
                const struct given *g = &all->v[i];
                const char *refused = NULL;
                struct outcome o;

                if (given_is_ours(&r->record, &r->facts, g))
                        plan_release_refused(&r->plan, &r->arena, g->device, g->driver, &refused);
                if (!refused)
                        continue;
                o = outcome_of_release(&r->arena, &r->facts.devices[g->device], g->rule, refused, &(struct result){});
                outcome_log(r->root, &o, false);
                may = false;
        }
        return may;
}

/* One that does not go back stays in the record as one that is begun: the next start or stop tries again. */
static enum act_end give(struct run *r, const struct given *g, bool *ret_back)
{
        const struct device *d = &r->facts.devices[g->device];
        struct record_device *x = record_find_device(&r->record, d->address);
        struct ops back = given_way_back(&r->record, &r->facts, &r->arena, g);
        struct result result = {.state = STATE_SKIPPED, .now = d->driver, .at_us = act_now()};
        enum act_end end = ACT_DONE;
        struct outcome o;

        if (given_is_ours(&r->record, &r->facts, g))
                end = act_give(r->root, d->address, &back, PATIENCE, &r->arena, &result);
        o = outcome_of_release(&r->arena, d, g->rule, NULL, &result);
        outcome_log(r->root, &o, false);
        *ret_back = result.state == STATE_SKIPPED;
        x->state = *ret_back ? STATE_NONE : STATE_BEGUN;
        if (result.error)
                record_say(x, REASON_OTHER, result.error, NULL);
        return end;
}

/* What has gone away meanwhile needs no way back. */
static void forget_gone(struct run *r, const char *rule)
{
        for (size_t i = 0; i < r->record.n_devices; i++) {
                struct record_device *x = &r->record.devices[i];
                size_t at = facts_find(&r->facts, x->address);

                if (streq(x->rule, rule) && record_carrier(&r->record, x) == x &&
                    (at == NO_DEVICE || !record_device_is(x, &r->facts.devices[at])))
                        x->state = STATE_NONE;
        }
}

/* A virtual GPU that is there for the rule. */
static bool is_made(const struct run *r, const struct plan_entry *e, const char *rule)
{
        const struct device *d = &r->facts.devices[e->device];

        return streq(r->config.rules[e->rule].name, rule) &&
               ((d->bus->syntax->made && d->parent) || (device_is_vgpu(d) && e->action == ACTION_BIND));
}

int run_may_make(const struct root *root, const char *rule)
{
        _cleanup_(close_fd) int lock = -1;
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources, .by_hand = true};
        int k = record_lock(root, 0, &lock), end = RUN_DONE;

        if (k == 0)
                k = run_read_record(&r);
        /* The record has the rule before anything is made for it. */
        if (k < 0 || record_find(&r.record, rule))
                return k;
        k = run_load(&r, true, STAGE_DEMAND);
        for (size_t i = 0; k == 0 && i < r.plan.n_entries; i++) {
                const char *address = r.facts.devices[r.plan.entries[i].device].address;

                if (!is_made(&r, &r.plan.entries[i], rule))
                        continue;
                say(&r, LOG_LEVEL_WARNING, rule,
                    arena_join(&r.arena, address,
                               " is a virtual GPU that somebody else has made: remove it first, or leave it out of the "
                               "rule",
                               NULL));
                end = RUN_UNSATISFIED;
        }
        return k < 0 ? k : end;
}

/* Virtual GPUs that were made, and of which the record has nothing as taking them was cut short. */
static void add_made(struct run *r, const char *rule, struct givens *all)
{
        for (size_t i = 0; i < r->plan.n_entries; i++) {
                const struct plan_entry *e = &r->plan.entries[i];
                const struct device *d = &r->facts.devices[e->device];
                struct record_device *x = record_find_device(&r->record, d->address);

                if (!is_made(r, e, rule) || (x && record_device_held(x)))
                        continue;
                x = record_device_at(&r->record, &r->arena, d->address);
                *x = record_device_of(&r->plan, i, &(struct result){.state = STATE_BEGUN});
                *(struct given *)arena_grow(&r->arena, &all->v, all->n++, sizeof(*all->v)) =
                        (struct given){e->device, rule, x->driver};
        }
}

/*
 * Who reads the record meanwhile, or after this was killed, finds them begun, and udev, which asks it, that the host
 * keeps them. 0, RUN_UNSATISFIED, or -errno.
 */
static int give_all(struct run *r, const struct givens *all)
{
        enum act_end end = ACT_DONE;
        bool whole = true;
        int k;

        for (size_t i = 0; i < all->n; i++) {
                struct record_device *x = record_find_device(&r->record, r->facts.devices[all->v[i].device].address);

                x->action = ACTION_KEEP;
                x->state = STATE_BEGUN;
        }
        k = record_write(r->root, &r->arena, &r->record);
        for (size_t i = 0; i < all->n && k == 0; i++) {
                bool back = false;

                if (end == ACT_DONE)
                        end = give(r, &all->v[i], &back);
                whole &= back;
        }
        return k < 0 ? k : whole ? 0 : RUN_UNSATISFIED;
}

/* udev's rules have one of Stage=demand as long as the record has it, also one whose file is gone. 0 or -errno. */
static int renew_claims(struct run *r, const char *rule)
{
        const struct rule *x = config_find(&r->config, rule);

        return !x || x->bus->taken_by ? claim_files_renew(r->root, &r->arena, &r->plan, bus_table, &r->record) : 0;
}

/* What has become of it: of a rule that holds nothing the record has nothing. 0 or -errno. */
static int settle_record(struct run *r, const char *rule)
{
        int k;

        record_forget(&r->record, &r->arena, rule);
        k = record_write(r->root, &r->arena, &r->record);
        return k < 0 ? k : renew_claims(r, rule);
}

int run_give_back_rule(const struct root *root, const char *rule)
{
        _cleanup_(close_fd) int lock = -1;
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources, .by_hand = true};
        struct givens all;
        int k, end = RUN_DONE;

        if (manager_state(root) == MANAGER_STOPPING) {
                say(&r, LOG_LEVEL_INFO, rule, "the host shuts down: nothing is given back");
                return RUN_DONE;
        }
        k = record_lock(root, 0, &lock);
        if (k == 0)
                k = record_read(root, &r.arena, &r.record);
        if (k == RECFILE_MALFORMED) {
                say(&r, LOG_LEVEL_ERROR, rule, RECORD_PATH " cannot be read, so it is unknown what the rule holds");
                return RUN_UNSATISFIED;
        }
        if (k == 0 && record_find(&r.record, rule))
                k = facts_read_switches(root, &r.arena, &r.facts);
        else if (k >= 0)
                return RUN_DONE;
        if (k == 0)
                k = run_load(&r, true, STAGE_DEMAND);
        if (k < 0)
                return k;
        forget_gone(&r, rule);
        given_by_record(&r.record, &r.facts, rule, &r.arena, &all);
        add_made(&r, rule, &all);
        if (!may_give(&r, &all))
                return RUN_UNSATISFIED;
        end = give_all(&r, &all);
        k = end < 0 ? end : settle_record(&r, rule);
        if (k == 0 && !run_nodes(&r, rule))
                end = RUN_UNSATISFIED;
        return k < 0 ? k : end;
}

/* systemd.exec(5), $SERVICE_RESULT. */
int run_give_back_cut_short(const struct root *root, const char *rule)
{
        const char *result = getenv("SERVICE_RESULT");

        return !result || streq(result, "success") || streq(result, "exit-code") ? RUN_DONE
                                                                                 : run_give_back_rule(root, rule);
}

/* ---- the way there ----------------------------------------------------------------------------------------------
 */

/* What keeps the rule from being carried out whole has been said then. */
static bool is_refused(struct run *r, size_t rule, const bool *chosen)
{
        bool makes = r->config.rules[rule].vgpu;
        struct record_rule whole = {};
        bool refused = r->plan.rules[rule].state != RULE_OK;

        for (size_t i = 0; i < r->plan.n_entries; i++) {
                /* What virtual GPUs are made of stays with the host. */
                if (!chosen[i] || r->plan.entries[i].action == ACTION_BIND ||
                    (makes && r->plan.entries[i].action == ACTION_KEEP))
                        continue;
                run_log_device(r, i);
                refused = true;
        }
        if (!refused)
                return false;
        record_rule_of(&r->plan, rule, &whole);
        run_log_rule(r, &whole);
        return true;
}

static bool is_taken(const struct result *result)
{
        return result->state == STATE_BOUND || result->state == STATE_LATE;
}

/* Beside the plan's entries: what the rule had before, which stays its. */
static bool *held_before(struct run *r)
{
        bool *held = arena_alloc(&r->arena, r->plan.n_entries * sizeof(*held));

        for (size_t i = 0; i < r->plan.n_entries; i++) {
                const struct device *d = &r->facts.devices[r->plan.entries[i].device];
                const struct record_device *x = record_find_device(&r->record, d->address);

                held[i] = x && record_device_taken(x);
        }
        return held;
}

static struct givens taken_now(struct run *r, const bool *chosen, const bool *held)
{
        struct givens all = {};

        for (size_t i = 0; i < r->plan.n_entries; i++) {
                const struct plan_entry *e = &r->plan.entries[i];
                struct given *g;

                if (!chosen[i] || held[i] || e->below != NO_ENTRY || !is_taken(&r->results[i]))
                        continue;
                g = arena_grow(&r->arena, &all.v, all.n++, sizeof(*all.v));
                *g = (struct given){e->device, r->config.rules[e->rule].name, e->driver};
                r->facts.devices[e->device].driver = e->driver;
        }
        return all;
}

static bool is_whole(const struct run *r, const bool *chosen)
{
        for (size_t i = 0; i < r->plan.n_entries; i++)
                if (chosen[i] && r->plan.entries[i].action == ACTION_BIND && !is_taken(&r->results[i]))
                        return false;
        return true;
}

/* What was to be claimed and was not: udev may have had it for the rule while it was begun. */
static void ask_again(struct run *r, const bool *chosen)
{
        for (size_t i = 0; i < r->plan.n_entries; i++) {
                const struct device *d = &r->facts.devices[r->plan.entries[i].device];

                if (chosen[i] && d->bus->syntax->taken_by && !is_taken(&r->results[i]))
                        await_ask(r->root, &r->arena, d);
        }
}

/* Half of it is no use to a virtual machine, and the host would miss it. */
static int take(struct run *r, size_t rule, const bool *chosen)
{
        const char *name = r->config.rules[rule].name;
        const bool *held = held_before(r);
        struct record what = {};
        _cleanup_(close_fd) int fd = -1;
        struct givens all;
        struct plan reduced;
        int k, claims;

        run_give_back_begun(r, name, chosen);
        record_begin(&r->record, &r->plan, chosen, r->results);
        plan_reduce(&r->plan, &r->arena, chosen, &reduced);
        record_merge(&r->record, &r->arena, &reduced, r->results, STAGE_INITRD, name);
        k = run_begin(r, r->record.n_ops, &fd);
        if (k < 0)
                return k;
        claims = renew_claims(r, name);
        if (claims == 0)
                act_take(r->root, &reduced, &(struct act_choice){.rule = NO_ENTRY, .patience = PATIENCE}, &r->arena,
                         r->results);
        record_end(&r->record, &r->arena, &reduced, chosen, r->results, &what);
        k = run_end(r, fd, &what);
        for (size_t i = 0; i < r->plan.n_entries; i++)
                if (chosen[i])
                        run_log_device(r, i);
        if (k < 0 || is_whole(r, chosen))
                return k;
        all = taken_now(r, chosen, held);
        k = give_all(r, &all);
        if (k >= 0)
                k = settle_record(r, name);
        ask_again(r, chosen);
        return k < 0 ? k : claims < 0 ? claims : RUN_UNSATISFIED;
}

/* Virtual GPUs that have just been made. */
static bool none_waits(struct run *r, const bool *chosen)
{
        const bool *held = held_before(r);

        for (size_t i = 0; i < r->plan.n_entries; i++)
                if (chosen[i] && r->plan.entries[i].action == ACTION_BIND && !held[i])
                        return false;
        return true;
}

static int start(struct run *r, const char *name)
{
        const struct rule *rule = config_find(&r->config, name);
        const struct record_rule *known = record_find(&r->record, name);
        bool *chosen;
        int k = RUN_UNSATISFIED;

        if (!rule || !rule_on_demand(rule)) {
                say(r, LOG_LEVEL_WARNING, name, "a boot failed with this config, and the one before has no such rule");
                return k;
        }
        plan_choose(&r->plan, &r->arena, (size_t)(rule - r->config.rules), NO_ENTRY, &chosen);
        if (known && run_same_text(r, rule) && record_satisfied(&r->record, known) && run_still_bound(r, known) &&
            none_waits(r, chosen))
                return RUN_DONE;
        if (!is_refused(r, (size_t)(rule - r->config.rules), chosen))
                return take(r, (size_t)(rule - r->config.rules), chosen);
        if (run_give_back_begun(r, name, NULL)) {
                int error = settle_record(r, name);

                k = error < 0 ? error : k;
        }
        return k;
}

static bool is_on_demand(const struct rule *rule)
{
        return rule_on_demand(rule);
}

static int run(const struct root *root, const char *rule)
{
        _cleanup_(close_fd) int lock = -1;
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources, .by_hand = true};
        int k = run_switches(&r, rule);

        if (k != RUN_DONE)
                return k;
        /* Until then not all that the host uses shows. */
        r.starting = manager_state(root) != MANAGER_UP;
        k = record_lock(root, 0, &lock);
        if (k == 0)
                k = run_read_record(&r);
        if (k == 0)
                k = run_load(&r, true, STAGE_DEMAND);
        if (k == 0)
                k = start(&r, rule);
        return k != RUN_DONE || run_nodes(&r, rule) ? k : RUN_UNSATISFIED;
}

int run_rule(const struct root *root, const char *rule)
{
        bool demand;
        int k = run_ask(root, rule, is_on_demand, &demand);

        return k < 0 ? k : demand ? run(root, rule) : run_settle(root, rule);
}

/* Its stop has to be able to give back what its start takes. */
static bool can_stop(const struct root *root, const char *rule)
{
        struct run r = {.root = root};
        bool can = !root->live || manager_has_demand(root, &r.arena, rule);

        if (!can)
                say(&r, LOG_LEVEL_ERROR, rule,
                    "systemd has not read the rule yet: systemctl daemon-reload, then start it again");
        run_free(&r);
        return can;
}

int run_service(const struct root *root, const char *rule)
{
        bool demand;
        int k = run_ask(root, rule, is_on_demand, &demand);

        if (k < 0 || !demand)
                return k < 0 ? k : run_settle(root, rule);
        return can_stop(root, rule) ? run(root, rule) : RUN_UNSATISFIED;
}
