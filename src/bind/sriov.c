/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual functions of a rule: made once their parents are ready, set up, and then bound as any other device of a
 * rule is. What stands in the way is in the record, where the rule's own service finds it.
 */
#include <stdio.h>
#include <time.h>

#include "act/sriov.h"
#include "base/str.h"
#include "bind/run.h"
#include "bus/pci/sriov.h"
#include "guard/evidence.h"
#include "maker/table.h"
#include "report/log.h"

#define WAIT_SECONDS 30
#define PATIENCE     20
#define PAUSE_MS     250

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather};

static const struct device *device_of(const struct run *r, size_t parent)
{
        return &r->facts.devices[r->plan.entries[r->plan.sriov->parents[parent].entry].device];
}

static bool of_rule(const struct run *r, size_t parent, const char *rule)
{
        return streq(r->config.rules[r->plan.entries[r->plan.sriov->parents[parent].entry].rule].name, rule);
}

/* Everything as it is now. 0 or -errno. */
static int look(struct run *r, enum sriov_aim aim)
{
        int k = run_read_record(r);

        if (k == 0)
                k = run_load(r, true, STAGE_DEMAND);
        if (k == 0)
                pci_sriov(r->root, &r->arena, aim, &r->plan);
        return k;
}

/* What some parent of the rule is not ready for yet; NULL: all are, or never will be. */
static const char *waiting(const struct run *r, const char *rule)
{
        for (size_t i = 0; i < r->plan.sriov->n_parents; i++)
                if (of_rule(r, i, rule) && r->plan.sriov->parents[i].waits)
                        return arena_join((struct arena *)&r->arena, device_of(r, i)->address, " waits for ",
                                          r->plan.sriov->parents[i].waits, NULL);
        return NULL;
}

static uint64_t seconds_since(uint64_t start)
{
        return (act_now() - start) / 1000000;
}

static int look_until_ready(struct run *r, const char *rule, unsigned seconds)
{
        const struct root *root = r->root;
        uint64_t start = act_now();
        int k;

        while ((k = look(r, SRIOV_NOW)) == 0 && root->live && waiting(r, rule) && seconds_since(start) < seconds) {
                run_free(r);
                *r = (struct run){.root = root, .sources = &sources};
                nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
        }
        return k;
}

/* What became of it is the rule's state; of a rule that is as it was to be, what could not be set is its message. */
static int note(struct run *r, const struct rule *rule, enum rule_state state, const char *message)
{
        struct record_rule *x = record_rule_for(&r->record, &r->arena, rule->name);

        x->file = rule->file;
        x->digest = rule->digest;
        x->required = rule->required;
        x->state = state;
        record_tell(x, REASON_OTHER, message, NULL);
        return record_write(r->root, &r->arena, &r->record);
}

static void say(struct run *r, const char *rule, const char *device, const char *text)
{
        log_line(r->root, LOG_LEVEL_WARNING, LOG_RULE, rule, device, "%s: %s: %s", rule, device, text);
}

/* Why it is not as it was to be, or NULL. */
static const char *make(struct run *r, const char *rule, struct diags *problems)
{
        const struct sriov_plan *s = r->plan.sriov;
        const char *why = NULL;

        for (size_t i = 0; i < s->n_parents; i++) {
                size_t first = problems->n;
                const char *address = device_of(r, i)->address;
                bool fit = of_rule(r, i, rule) && !s->parents[i].refused && !s->parents[i].waits;

                if (fit && act_sriov(r->root, &r->plan, i, SRIOV_MAKE, PATIENCE, &r->arena, problems) == SRIOV_DONE) {
                        if (s->parents[i].change)
                                log_line(r->root, LOG_LEVEL_INFO, LOG_RULE, rule, address,
                                         "%s: %s: virtual functions are made", rule, address);
                        act_sriov(r->root, &r->plan, i, SRIOV_SET, PATIENCE, &r->arena, problems);
                } else if (fit)
                        why = arena_join(&r->arena, address, ": ", problems->v[problems->n - 1].message, NULL);
                for (size_t k = first; k < problems->n; k++)
                        say(r, rule, address, problems->v[k].message);
        }
        return why;
}

static void finish(struct run *r, const char *rule, struct diags *problems)
{
        for (size_t i = 0; i < r->plan.sriov->n_parents; i++)
                if (of_rule(r, i, rule) && !r->plan.sriov->parents[i].refused)
                        act_sriov(r->root, &r->plan, i, SRIOV_END, PATIENCE, &r->arena, problems);
}

/* Which text of the rule this boot has; NULL: nothing stands against it. */
static const char *closed(struct run *r, const struct rule *rule)
{
        if (r->record.rescued)
                return "this boot found its root only once devices were given back; nothing more is taken in it";
        if (r->record.host && record_find(&r->record, rule->name) && !run_same_text(r, rule))
                return "its text changed since this boot's plan was made";
        return NULL;
}

static int carry_out(struct run *r, const struct rule *rule, bool now, struct diags *problems)
{
        const struct plan_rule *state = &r->plan.rules[rule - r->config.rules];
        const char *why = now ? NULL : closed(r, rule);
        int k;

        if (why) {
                log_line(r->root, LOG_LEVEL_WARNING, LOG_RULE, rule->name, NULL, "%s: %s", rule->name, why);
                return RUN_UNSATISFIED;
        }
        why = state->state != RULE_OK ? state->message : waiting(r, rule->name);
        if (!why) {
                /* In the record before the first write, as of every device. */
                k = note(r, rule, RULE_FAILED, "making its virtual functions was cut short");
                if (k < 0)
                        return k;
                why = make(r, rule->name, problems);
        } else
                log_line(r->root, LOG_LEVEL_WARNING, LOG_RULE, rule->name, NULL, "%s: %s", rule->name, why);
        k = note(r, rule, !why ? RULE_OK : state->state != RULE_OK ? state->state : RULE_FAILED, why ? why : "");
        return k < 0 ? k : why ? RUN_UNSATISFIED : RUN_DONE;
}

/* What of it failed stays to be read, where the rest is as it was to be. */
static int note_problems(struct run *r, const struct rule *rule, const struct diags *problems)
{
        const struct record_rule *x;
        int k = run_read_record(r);

        x = k == 0 ? record_find(&r->record, rule->name) : NULL;
        return x && x->state == RULE_OK && problems->n > 0 ? note(r, rule, RULE_OK, problems->v[0].message) : k;
}

static int run(const struct root *root, const char *name, bool now)
{
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources};
        struct diags problems = {};
        const struct rule *rule;
        int k = facts_read_switches(root, &r.arena, &r.facts), lock = -1, bound;

        if (k < 0 || r.facts.off)
                return k < 0 ? k : RUN_UNSATISFIED;
        k = look_until_ready(&r, name, now ? 0 : WAIT_SECONDS);
        if (k < 0)
                return k;
        problems.arena = &r.arena;
        rule = config_find(&r.config, name);
        if (!rule || !rule->sriov)
                return RUN_UNSATISFIED;
        k = record_lock(root, 0, &lock);
        if (k == 0)
                k = run_read_record(&r);
        if (k == 0)
                k = carry_out(&r, rule, now, &problems);
        /* Whatever it came to, drivers of the host are not kept away for longer. */
        if (k != RUN_DONE)
                finish(&r, name, &problems);
        close_fd(&lock);
        if (k != RUN_DONE)
                return k;
        bound = run_take(root, name);
        lock = -1;
        k = record_lock(root, 0, &lock);
        if (k == 0) {
                finish(&r, name, &problems);
                k = note_problems(&r, rule, &problems);
        }
        close_fd(&lock);
        return k < 0 ? k : bound;
}

int run_sriov(const struct root *root, const char *rule)
{
        return run(root, rule, false);
}

int run_sriov_now(const struct root *root, const char *rule)
{
        return run(root, rule, true);
}

int run_sriov_none(const struct root *root, const char *rule)
{
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources};
        _cleanup_(close_fd) int lock = -1;
        struct diags problems = {.arena = &r.arena};
        int k = record_lock(root, 0, &lock), end = RUN_DONE;

        if (k == 0)
                k = look(&r, SRIOV_NONE);
        for (size_t i = 0; k == 0 && i < r.plan.sriov->n_parents; i++) {
                const char *address = device_of(&r, i)->address, *refused = r.plan.sriov->parents[i].refused;
                size_t first = problems.n;

                if (!of_rule(&r, i, rule))
                        continue;
                if (refused)
                        diag_add(&problems, DIAG_ERROR, NULL, 0, "its virtual functions stay: %s", refused);
                else
                        act_sriov(root, &r.plan, i, SRIOV_MAKE, PATIENCE, &r.arena, &problems);
                act_sriov(root, &r.plan, i, SRIOV_END, PATIENCE, &r.arena, &problems);
                for (size_t p = first; p < problems.n; p++)
                        say(&r, rule, address, problems.v[p].message);
                end = problems.n > first ? RUN_UNSATISFIED : end;
        }
        return k < 0 ? k : end;
}
