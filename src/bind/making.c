/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bind/making.h"

#include <stdio.h>
#include <time.h>

#include "base/str.h"
#include "guard/evidence.h"
#include "maker/table.h"
#include "report/log.h"

#define WAIT_SECONDS 30
#define HAND_SECONDS 3 /* by hand: udev may look at a disk that somebody has just closed */
#define PAUSE_MS     250
#define JOURNAL      "/run/systemd/journal/socket"
#define KERNEL_LOG   "/dev/kmsg"

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather};

static enum making_when when;

bool making_now(void)
{
        return when != MAKING_IN_BOOT;
}

void making_is_by_hand(void)
{
        when = MAKING_BY_HAND;
}

const char *making_address(const struct run *r, const struct making *m, size_t parent, const char *rule)
{
        const struct plan_entry *e = &r->plan.entries[m->parent(r, parent).entry];

        return streq(r->config.rules[e->rule].name, rule) ? r->facts.devices[e->device].address : NULL;
}

int making_look(struct run *r, const struct making *m)
{
        int k;

        r->sources = &sources;
        r->by_hand = making_now();
        k = run_read_record(r);
        if (k == 0)
                k = run_load(r, true, STAGE_DEMAND);
        if (k == 0)
                m->plan(r);
        return k;
}

/* What some parent of the rule is not ready for yet; NULL: all are, or never will be. */
static const char *waiting(struct run *r, const struct making *m, const char *rule)
{
        for (size_t i = 0; i < m->count(r); i++) {
                const char *address = making_address(r, m, i, rule), *waits = m->parent(r, i).waits;

                if (address && waits)
                        return arena_join(&r->arena, address, " waits for ", waits, NULL);
        }
        return NULL;
}

static uint64_t seconds_since(uint64_t start)
{
        return (act_now() - start) / 1000000;
}

int making_look_until_ready(struct run *r, const struct making *m, const char *rule)
{
        const struct root *root = r->root;
        unsigned seconds = making_now() ? HAND_SECONDS : WAIT_SECONDS;
        uint64_t start = act_now();
        int k;

        while ((k = making_look(r, m)) == 0 && root->live && waiting(r, m, rule) && seconds_since(start) < seconds) {
                run_free(r);
                *r = (struct run){.root = root};
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

static void say(const struct root *root, const char *rule, const char *device, const char *text)
{
        const char *of = device ? device : "", *colon = device ? ": " : "";

        log_line(root, LOG_LEVEL_WARNING, LOG_RULE, rule, device, "%s: %s%s%s", rule, of, colon, text);
        if (when == MAKING_BY_HAND && root->live && !isatty(STDERR_FILENO) &&
            (root_exists(root, JOURNAL) || root_exists(root, KERNEL_LOG)))
                fprintf(stderr, "%s: %s%s%s\n", rule, of, colon, text);
}

void making_say(const struct root *root, const char *rule, const char *device, const struct diags *problems,
                size_t first)
{
        for (size_t i = first; i < problems->n; i++)
                say(root, rule, device, problems->v[i].message);
}

/* made: by parent, whether there is something to take. Why the first that failed did, or NULL. */
static const char *make(struct run *r, const struct making *m, const char *rule, bool *made, struct diags *problems)
{
        const char *why = NULL;

        for (size_t i = 0; i < m->count(r); i++) {
                const struct making_parent x = m->parent(r, i);
                const char *address = making_address(r, m, i, rule);
                size_t first = problems->n;
                enum making_end end;

                /* Whatever stands against others. */
                if (!address || x.refused || x.waits)
                        continue;
                end = m->make(r, i, problems);
                made[i] = end != MAKING_FAILED;
                if (end != MAKING_DONE && !why)
                        why = arena_join(&r->arena, address, ": ", problems->v[problems->n - 1].message, NULL);
                making_say(r->root, rule, address, problems, first);
        }
        return why;
}

/* Those that are not made have nothing left to be done: what failed has cleaned up behind itself. */
static void finish(struct run *r, const struct making *m, const bool *made, struct diags *problems)
{
        for (size_t i = 0; m->finish && i < m->count(r); i++)
                if (made[i])
                        m->finish(r, i, problems);
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
static int carry_out(struct run *r, const struct making *m, const struct rule *rule, bool *made, struct diags *problems,
                     const char **ret)
{
        const struct plan_rule *state = &r->plan.rules[rule - r->config.rules];
        const char *why = state->state != RULE_OK ? state->message : waiting(r, m, rule->name), *failed;
        int k;

        if (why)
                say(r->root, rule->name, NULL, why);
        /* In the record before the first write, as of every device. */
        k = note(r, rule, RULE_FAILED, arena_join(&r->arena, "making its ", m->what, " was cut short", NULL));
        if (k < 0)
                return k;
        failed = make(r, m, rule->name, made, problems);
        *ret = why = why ? why : failed;
        /* What is there can be taken only then. */
        if (!why || some_are(made, m->count(r)))
                return note(r, rule, RULE_OK, "");
        return note(r, rule, state->state != RULE_OK ? state->state : RULE_FAILED, why);
}

/* How many there are of how many, where that is not all; or NULL. */
static const char *fewer(const struct root *root, const struct making *m, const char *name, struct arena *a)
{
        _cleanup_(run_free) struct run r = {.root = root};
        const struct rule *rule = making_look(&r, m) < 0 ? NULL : config_find(&r.config, name);

        return rule ? m->fewer(&r.plan, (size_t)(rule - r.config.rules), a) : NULL;
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

/* They are made, taken as any other device of the rule is, and then what is left to be done is. */
static int make_and_take(struct run *r, const struct making *m, const struct rule *rule, struct diags *problems)
{
        bool *made = arena_alloc(&r->arena, m->count(r) * sizeof(*made));
        const char *why = NULL;
        int lock = -1, bound = RUN_DONE, k = record_lock(r->root, 0, &lock);

        if (k == 0)
                k = run_read_record(r);
        if (k == 0)
                k = carry_out(r, m, rule, made, problems, &why);
        close_fd(&lock);
        if (k < 0)
                bound = k;
        else if (why && !some_are(made, m->count(r)))
                bound = RUN_UNSATISFIED;
        else if (m->take)
                bound = m->take(r->root, rule->name);
        lock = -1;
        if (k == 0)
                k = record_lock(r->root, 0, &lock);
        finish(r, m, made, problems);
        if (!why && bound != RUN_DONE && (why = fewer(r->root, m, rule->name, &r->arena)))
                say(r->root, rule->name, NULL, why);
        if (k == 0)
                k = note_end(r, rule, why, problems);
        close_fd(&lock);
        return k < 0 ? k : why ? RUN_UNSATISFIED : bound;
}

int making_run(const struct root *root, const struct making *m, const char *name, enum making_when now)
{
        _cleanup_(run_free) struct run r = {.root = root};
        struct diags problems;
        const struct rule *rule;
        const char *why;
        int k = facts_read_switches(root, &r.arena, &r.facts);

        when = now;
        if (k < 0 || r.facts.off)
                return k < 0 ? k : RUN_UNSATISFIED;
        k = making_look_until_ready(&r, m, name);
        if (k < 0)
                return k;
        problems = (struct diags){.arena = &r.arena};
        rule = config_find(&r.config, name);
        /* udev starts the service for the rules that it knew of when the boot began. */
        if ((!rule || !m->means(rule)) && when != MAKING_BY_HAND)
                log_line(root, LOG_LEVEL_NOTICE, LOG_RULE, name, NULL, "%s: no rule of that name makes %s", name,
                         m->what);
        if (!rule || !m->means(rule))
                return making_now() ? RUN_UNSATISFIED : RUN_DONE;
        /* Its text is another since the boot began. */
        if (rule_on_demand(rule) && !making_now())
                return RUN_DONE;
        why = making_now() ? NULL : closed(&r, rule);
        if (why) {
                say(root, name, NULL, why);
                return RUN_UNSATISFIED;
        }
        return m->idle && !waiting(&r, m, name) && m->idle(&r, name) ? RUN_DONE : make_and_take(&r, m, rule, &problems);
}
