/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that has appeared: the plan of this moment, of which it and what it cannot go without are carried out, as
 * bind does by hand. Whatever else the plan would do is left for the next boot.
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "base/str.h"
#include "bind/run.h"
#include "guard/evidence.h"
#include "maker/table.h"
#include "plan/hand.h"
#include "report/outcome.h"

#define PATIENCE 10  /* seconds that its driver has to let go or to take hold */
#define TRIES    20  /* for what the kernel has not done with it yet */
#define PAUSE_MS 150 /* between them */

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather};

static void pause_ms(long ms)
{
        nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* The event comes when the device is made; its neighbours follow, and no driver may have it yet. */
static void wait_for_drivers_turn(const struct root *root, const char *address)
{
        char path[64];

        for (size_t b = 0; bus_table[b]; b++)
                if (bus_table[b]->bus->turn && bus_table[b]->bus->turn(address, path, sizeof(path)))
                        for (int i = 0; root->live && i < TRIES && !root_exists(root, path); i++)
                                pause_ms(PAUSE_MS);
}

static bool taken_already(const struct run *r, const struct plan_entry *e)
{
        const struct device *d = &r->facts.devices[e->device];
        const struct record_device *x = record_find_device(&r->record, d->address);

        return x && record_device_taken(x) && streq_ptr(d->driver, e->driver) && record_device_is(x, d) &&
               streq(x->rule, r->config.rules[e->rule].name);
}

/* A virtual machine that wants the device may wait for this unit, which has failed for want of it. */
static void start_unit(const struct run *r, const char *rule)
{
        char unit[128], *argv[] = {"systemctl", "start", "--no-block", unit, NULL}, *environment[] = {NULL};
        pid_t pid;
        int status;

        snprintf(unit, sizeof(unit), "passthrough@%s.service", rule);
        if (r->root->live && posix_spawn(&pid, "/usr/bin/systemctl", NULL, NULL, argv, environment) == 0)
                waitpid(pid, &status, 0);
}

static int carry_out(struct run *r, size_t entry, bool last)
{
        const struct plan_entry *e = &r->plan.entries[entry];
        const char *rule = r->config.rules[e->rule].name;
        struct result *result = &r->results[entry];
        struct plan reduced;
        _cleanup_(close_fd) int fd = -1;
        struct record what = {};
        bool *chosen;
        enum act_end end;
        int k;

        plan_choose(&r->plan, &r->arena, NO_ENTRY, entry, &chosen);
        run_give_back_begun(r, rule, chosen);
        record_begin(&r->record, &r->plan, chosen, r->results);
        plan_reduce(&r->plan, &r->arena, chosen, &reduced);
        record_merge_chosen(&r->record, &r->arena, &reduced, r->results, chosen, entry);
        k = run_begin(r, r->record.n_ops, &fd);
        if (k < 0)
                return k;
        end = act_take(r->root, &reduced, &(struct act_choice){.rule = NO_ENTRY, .patience = PATIENCE}, &r->arena,
                       r->results);
        record_end(&r->record, &r->arena, &r->plan, chosen, r->results, &what);
        if (end == ACT_DONE && result->state == STATE_FAILED && !r->facts.devices[e->device].driver && !last) {
                k = run_end(r, fd, &what);
                return k < 0 ? k : RUN_TOO_EARLY;
        }
        if (result->state == STATE_BOUND || result->state == STATE_LATE)
                record_arrived(&r->record, &r->arena, &reduced, entry);
        k = record_write(r->root, &r->arena, &r->record);
        if (k < 0)
                return k;
        for (size_t i = 0; i < r->plan.n_entries; i++)
                if (i == entry || (chosen[i] && !taken_already(r, &r->plan.entries[i])))
                        run_log_device(r, i);
        if (result->state != STATE_BOUND && result->state != STATE_LATE)
                return root_exists(r->root, r->facts.devices[e->device].sysfs) ? RUN_UNSATISFIED : RUN_DONE;
        if (record_satisfied(&r->record, record_find(&r->record, rule)))
                start_unit(r, rule);
        return RUN_DONE;
}

/* The plan would take it, and this boot does not. */
static void log_refusal(struct run *r, const struct plan_entry *e, const char *why)
{
        struct record_device d = record_device_of(&r->plan, (size_t)(e - r->plan.entries), &(struct result){});
        struct outcome o;

        d.state = STATE_REFUSED;
        record_say(&d, REASON_OTHER, why, NULL);
        o = outcome_of(&r->arena, &d, r->config.rules[e->rule].file);
        outcome_log(r->root, &o, false);
}

static int look(struct run *r, const char *address, bool last)
{
        size_t device;
        const struct plan_entry *e = !facts_find_written(&r->facts, address, &device) || device == NO_DEVICE
                                             ? NULL
                                             : plan_find(&r->plan, device);
        const struct rule *rule;
        const char *why;

        /* A device below another comes when that one is given back, and goes when it is taken: never by itself. */
        if (!e || e->action == ACTION_KEEP || e->below != NO_ENTRY || taken_already(r, e))
                return RUN_DONE;
        rule = &r->config.rules[e->rule];
        if (rule_on_demand(rule) && !run_same_text(r, rule))
                return RUN_DONE;
        why = run_closed(r, rule);
        if (why) {
                log_refusal(r, e, why);
                return RUN_UNSATISFIED;
        }
        /* A driver may have yet to show something; soon it may be known. */
        if (e->action == ACTION_REFUSE && !r->facts.devices[device].driver && !last)
                return RUN_TOO_EARLY;
        return carry_out(r, (size_t)(e - r->plan.entries), last);
}

static int attempt(const struct root *root, const char *address, bool last)
{
        _cleanup_(close_fd) int lock = -1;
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources};
        int k = record_lock(root, 0, &lock);

        if (k == 0)
                k = facts_read_switches(root, &r.arena, &r.facts);
        if (k < 0 || r.facts.off)
                return k;
        k = run_read_record(&r);
        if (k == 0)
                k = run_load(&r, true, STAGE_DEMAND);
        return k < 0 ? k : look(&r, address, last);
}

int run_arrival(const struct root *root, const char *address)
{
        int k;

        wait_for_drivers_turn(root, address);
        for (int i = 1; (k = attempt(root, address, i == TRIES || !root->live)) == RUN_TOO_EARLY; i++)
                pause_ms(PAUSE_MS);
        return k;
}
