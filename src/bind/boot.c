/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stage of the boot, in the initrd. */
#include "base/str.h"
#include "bind/run.h"
#include "guard/evidence.h"
#include "maker/table.h"
#include "report/log.h"
#include "report/outcome.h"
#include "state/claim-files.h"

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather_early};

/* The obstacle to a rule as a whole; its devices have lines of their own. */
static void log_rule(struct run *r, size_t i)
{
        const struct plan_rule *state = &r->plan.rules[i];
        struct record_rule rule;

        if (state->state == RULE_MISSING || state->state == RULE_INVALID ||
            (state->state == RULE_SKIPPED && !state->elsewhere)) {
                record_rule_of(&r->plan, i, &rule);
                run_log_rule(r, &rule);
        }
}

static bool all_satisfied(const struct run *r)
{
        for (size_t i = 0; i < r->record.n_rules; i++)
                if (!record_satisfied(&r->record, &r->record.rules[i]))
                        return false;
        return true;
}

/* Those of the stage, and of earlier ones what a run has begun that was cut short. Whether there are such. */
static bool choose(const struct run *r, enum stage stage, bool *chosen)
{
        bool resumed = false;

        for (size_t i = 0; i < r->plan.n_entries; i++) {
                const struct plan_entry *e = &r->plan.entries[i];
                const struct record_device *x = NULL;

                if (e->stage < stage)
                        x = record_find_device(&r->record, r->facts.devices[e->device].address);
                chosen[i] = e->stage == stage || (x && x->state == STATE_BEGUN);
                resumed |= e->stage != stage && chosen[i];
        }
        return resumed;
}

static void log_all(struct run *r, enum stage stage, const bool *chosen)
{
        for (size_t i = 0; i < r->plan.n_entries; i++)
                if (chosen[i])
                        run_log_device(r, i);
        for (size_t i = 0; i < r->config.n_rules && stages[stage].whole_boot; i++)
                if (!rule_on_demand(&r->config.rules[i]))
                        log_rule(r, i);
}

/* Without a record nobody could give anything back: then nothing is taken. */
static int carry_out(struct run *r, enum stage stage)
{
        bool *chosen = arena_alloc(&r->arena, r->plan.n_entries * sizeof(*chosen));
        bool resumed = choose(r, stage, chosen);
        struct record what = {};
        _cleanup_(close_fd) int fd = -1;
        size_t n_ops;
        int k;

        run_give_back_begun(r, NULL, chosen);
        record_begin(&r->record, &r->plan, chosen, r->results);
        n_ops = record_merge(&r->record, &r->arena, &r->plan, r->results, stage, NULL);
        k = run_begin(r, n_ops, &fd);
        if (k < 0)
                return k;
        act_take(r->root, &r->plan,
                 &(struct act_choice){.stage = stage, .rule = NO_ENTRY, .resumed = resumed ? chosen : NULL}, &r->arena,
                 r->results);
        r->record.done[stage] = what.done[stage] = true;
        if (stages[stage].whole_boot)
                r->record.image = what.image = digest_here(r->root);
        record_end(&r->record, &r->arena, &r->plan, chosen, r->results, &what);
        what.ops = r->record.ops + n_ops;
        what.n_ops = r->record.n_ops - n_ops;
        k = run_end(r, fd, &what);
        log_all(r, stage, chosen);
        return k;
}

/*
 * udev starts behind this stage. What the image has for it was made on this very host, and holds as long as its
 * clearance does.
 */
static void claim(struct run *r)
{
        static const char *const files[] = {CLAIMS_FIRST, CLAIMS_LAST};
        const struct clearance *c = &r->facts.clearance;
        int k = 0;

        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(files) && !c->elsewhere && !c->unread && !c->lapsed; i++) {
                const char *from = arena_join(&r->arena, CLAIMS_IMAGE "/", files[i], NULL), *text;
                char *all;
                size_t size;

                if (root_read_all(r->root, &r->arena, from, CLAIMS_MAX, &all, &size) < 0)
                        return;
                text = claims_udev_without(&r->arena, all, &r->facts.skip);
                k = root_replace(r->root, arena_join(&r->arena, CLAIMS_UDEV "/", files[i], NULL), text, strlen(text));
        }
        if (k < 0)
                log_line(r->root, LOG_LEVEL_ERROR, LOG_REFUSAL, NULL, NULL, "udev claims nothing in the initrd: %s: %s",
                         CLAIMS_UDEV, strerror(-k));
}

/* Devices first: nothing that huge pages take, time included, may keep a rule from being carried out. */
int run_stage(const struct root *root, const char *name)
{
        enum stage stage = stage_named(name);
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources};
        int k = facts_read_switches(root, &r.arena, &r.facts), pages = 0;

        if (k < 0 || r.facts.off)
                return k;
        k = run_read_record(&r);
        if (k < 0 || r.record.done[stage] || r.record.rescued)
                return k;
        k = run_load(&r, false, stage);
        if (k == 0 && stages[stage].whole_boot)
                claim(&r);
        if (k == 0 && r.config.n_rules > 0)
                k = carry_out(&r, stage);
        if (stages[stage].reserves)
                pages = run_pages(&r, stage);
        if (pages < 0)
                log_line(root, LOG_LEVEL_ERROR, LOG_PAGES, NULL, NULL, "huge pages: %s", strerror(-pages));
        if (k < 0)
                return k;
        return all_satisfied(&r) ? RUN_DONE : RUN_UNSATISFIED;
}
