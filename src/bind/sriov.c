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
#define HAND_SECONDS 3 /* by hand: udev may look at a disk that somebody has just closed */
#define PATIENCE     20
#define PAUSE_MS     250
#define JOURNAL      "/run/systemd/journal/socket"
#define KERNEL_LOG   "/dev/kmsg"

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

static bool by_hand;

/* By hand, the program that has run this one reads it; a service's lines are the journal's alone. */
static void say(const struct root *root, const char *rule, const char *device, const char *text)
{
        const char *of = device ? device : "", *colon = device ? ": " : "";

        log_line(root, LOG_LEVEL_WARNING, LOG_RULE, rule, device, "%s: %s%s%s", rule, of, colon, text);
        if (by_hand && root->live && !isatty(STDERR_FILENO) &&
            (root_exists(root, JOURNAL) || root_exists(root, KERNEL_LOG)))
                fprintf(stderr, "%s: %s%s%s\n", rule, of, colon, text);
}

/* Whether there is something to do for a parent of the rule, whatever stands against others. */
static bool is_fit(const struct run *r, size_t parent, const char *rule)
{
        const struct sriov_parent *x = &r->plan.sriov->parents[parent];

        return of_rule(r, parent, rule) && !x->refused && !x->waits;
}

/* made: by parent. Why the first that failed did, or NULL. */
static const char *make(struct run *r, const char *rule, bool *made, struct diags *problems)
{
        const struct sriov_plan *s = r->plan.sriov;
        const char *why = NULL;

        for (size_t i = 0; i < s->n_parents; i++) {
                size_t first = problems->n, failed = SIZE_MAX;
                const char *address = device_of(r, i)->address;

                if (!is_fit(r, i, rule))
                        continue;
                made[i] = act_sriov(r->root, &r->plan, i, SRIOV_MAKE, PATIENCE, &r->arena, problems) == SRIOV_DONE;
                if (made[i] && s->parents[i].change)
                        log_line(r->root, LOG_LEVEL_INFO, LOG_RULE, rule, address, "%s: %s: virtual functions are made",
                                 rule, address);
                if (!made[i] ||
                    act_sriov(r->root, &r->plan, i, SRIOV_SET, PATIENCE, &r->arena, problems) == SRIOV_USELESS)
                        failed = i;
                if (failed == i && !why)
                        why = arena_join(&r->arena, address, ": ", problems->v[problems->n - 1].message, NULL);
                for (size_t k = first; k < problems->n; k++)
                        say(r->root, rule, address, problems->v[k].message);
        }
        return why;
}

/* Those that are not made have nothing left to be done: what failed has cleaned up behind itself. */
static void finish(struct run *r, const bool *made, struct diags *problems)
{
        for (size_t i = 0; i < r->plan.sriov->n_parents; i++)
                if (made[i])
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

static bool some_are(const bool *flags, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (flags[i])
                        return true;
        return false;
}

/* One that is unfit keeps no other from being made. *ret: why not all of it is as it was to be, or NULL. */
static int carry_out(struct run *r, const struct rule *rule, bool *made, struct diags *problems, const char **ret)
{
        const struct plan_rule *state = &r->plan.rules[rule - r->config.rules];
        const char *why = state->state != RULE_OK ? state->message : waiting(r, rule->name), *failed;
        int k;

        if (why)
                say(r->root, rule->name, NULL, why);
        /* In the record before the first write, as of every device. */
        k = note(r, rule, RULE_FAILED, "making its virtual functions was cut short");
        if (k < 0)
                return k;
        failed = make(r, rule->name, made, problems);
        *ret = why = why ? why : failed;
        /* What is there can be taken only then. */
        if (!why || some_are(made, r->plan.sriov->n_parents))
                return note(r, rule, RULE_OK, "");
        return note(r, rule, state->state != RULE_OK ? state->state : RULE_FAILED, why);
}

/* How many there are of how many, where that is not all; or NULL. */
static const char *fewer(const struct root *root, const char *name, struct arena *a)
{
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources};
        const struct rule *rule = look(&r, SRIOV_NOW) < 0 ? NULL : config_find(&r.config, name);

        return rule ? sriov_fewer(&r.plan, (size_t)(rule - r.config.rules), a) : NULL;
}

/* What failed of it stays to be read, also where the rest is as it was to be. */
static int note_end(struct run *r, const struct rule *rule, const char *why, const struct diags *problems)
{
        enum rule_state state = r->plan.rules[rule - r->config.rules].state;
        const struct record_rule *x;
        const char *all = "";
        int k = run_read_record(r);

        x = k == 0 ? record_find(&r->record, rule->name) : NULL;
        if (x && x->state == RULE_OK && why)
                return note(r, rule, state != RULE_OK ? state : RULE_FAILED, why);
        for (size_t i = 0; i < problems->n; i++)
                all = arena_join(&r->arena, all, i > 0 ? "; " : "", problems->v[i].message, NULL);
        return x && x->state == RULE_OK && *all ? note(r, rule, RULE_OK, all) : k;
}

/* They are made, taken as any other device of the rule is, and then drivers of the host get the rest. */
static int make_and_take(struct run *r, const struct rule *rule, struct diags *problems)
{
        bool *made = arena_alloc(&r->arena, r->plan.sriov->n_parents * sizeof(*made));
        const char *why = NULL;
        int lock = -1, bound, k = record_lock(r->root, 0, &lock);

        if (k == 0)
                k = run_read_record(r);
        if (k == 0)
                k = carry_out(r, rule, made, problems, &why);
        close_fd(&lock);
        bound = k < 0                                              ? k
                : !why || some_are(made, r->plan.sriov->n_parents) ? run_take(r->root, rule->name)
                                                                   : RUN_UNSATISFIED;
        lock = -1;
        if (k == 0)
                k = record_lock(r->root, 0, &lock);
        finish(r, made, problems);
        if (!why && bound != RUN_DONE && (why = fewer(r->root, rule->name, &r->arena)))
                say(r->root, rule->name, NULL, why);
        if (k == 0)
                k = note_end(r, rule, why, problems);
        close_fd(&lock);
        return k < 0 ? k : why ? RUN_UNSATISFIED : bound;
}

static int run(const struct root *root, const char *name, bool now)
{
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources};
        struct diags problems = {.arena = &r.arena};
        const struct rule *rule;
        const char *why;
        int k = facts_read_switches(root, &r.arena, &r.facts);

        if (k < 0 || r.facts.off)
                return k < 0 ? k : RUN_UNSATISFIED;
        k = look_until_ready(&r, name, now ? HAND_SECONDS : WAIT_SECONDS);
        if (k < 0)
                return k;
        problems.arena = &r.arena;
        rule = config_find(&r.config, name);
        if (!rule || !rule->sriov)
                return RUN_UNSATISFIED;
        why = now ? NULL : closed(&r, rule);
        if (!why)
                return make_and_take(&r, rule, &problems);
        say(root, name, NULL, why);
        return RUN_UNSATISFIED;
}

int run_sriov(const struct root *root, const char *rule)
{
        return run(root, rule, false);
}

int run_sriov_now(const struct root *root, const char *rule)
{
        by_hand = true;
        return run(root, rule, true);
}

int run_sriov_none(const struct root *root, const char *rule)
{
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources};
        _cleanup_(close_fd) int lock = -1;
        struct diags problems = {.arena = &r.arena};
        int k = record_lock(root, 0, &lock), end = RUN_DONE;

        by_hand = true;
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
                        say(root, rule, address, problems.v[p].message);
                end = problems.n > first ? RUN_UNSATISFIED : end;
        }
        return k < 0 ? k : end;
}
