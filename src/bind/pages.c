/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings and memory, plan, reserve, record and log. Whatever comes of it, no rule and no boot fails. */
#include "base/str.h"
#include "bind/run.h"
#include "facts/facts.h"
#include "report/hugepages.h"
#include "report/log.h"
#include "state/fallback.h"
#include "state/merge.h"

static void log_faults(const struct root *root, const struct diags *diags)
{
        for (size_t i = 0; i < diags->n; i++) {
                const struct diag *d = &diags->v[i];

                if (d->line)
                        log_line(root, LOG_LEVEL_WARNING, LOG_SETTINGS, NULL, NULL, "%s:%u: %s", d->file, d->line,
                                 d->message);
                else
                        log_line(root, LOG_LEVEL_WARNING, LOG_SETTINGS, NULL, NULL, "%s: %s", d->file, d->message);
        }
}

/* The kernel is not asked again for pages that the image has already tried to get in vain. */
static void skip_tried(const struct record *record, struct huge_plan *plan)
{
        for (size_t i = 0; i < plan->n; i++) {
                const struct record_pool *known = record_find_pool(record, &plan->entries[i]);

                if (known && plan->entries[i].action == HUGE_WRITE && known->state == POOL_SHORT)
                        plan->entries[i].action = HUGE_SKIP;
        }
}

/* One line for what is new; what is in the record already has had its line. */
static void log_news(const struct root *root, const struct huge_plan *plan, const struct record *before,
                     const struct record *now)
{
        for (size_t i = 0; i < plan->n; i++) {
                const struct record_pool *was = record_find_pool(before, &plan->entries[i]);
                const struct record_pool *is = record_find_pool(now, &plan->entries[i]);

                if (is && plan->entries[i].action != HUGE_SKIP && !(was && was->state == is->state))
                        log_pool(root, is);
        }
}

static int carry_out(struct run *r, struct huge_plan *plan, enum stage stage)
{
        struct huge_result *results = arena_alloc(&r->arena, plan->n * sizeof(*results));
        struct record before = r->record;

        if (stage == STAGE_HOST)
                skip_tried(&before, plan);
        act_pools(r->root, plan, results);
        record_merge_pools(&r->record, &r->arena, plan, results, stage);
        log_news(r->root, plan, &before, &r->record);
        return record_write(r->root, &r->arena, &r->record);
}

/* Settings that a boot has failed with are not carried out by the next one's services either. */
static int load(const struct root *root, struct arena *a, enum stage stage, struct settings *ret)
{
        struct diags diags = {.arena = a};
        struct fallback fallback = {};
        int k = settings_load(root, a, &diags, ret);

        if (k == 0 && stage >= STAGE_HOST)
                k = fallback_find(root, a, bus_syntaxes, NULL, &fallback);
        if (k < 0)
                return k;
        if (fallback.why)
                *ret = fallback.settings;
        log_faults(root, &diags);
        return 0;
}

int run_pages(struct run *r, enum stage stage)
{
        struct settings settings;
        struct memory memory;
        struct huge_plan plan;
        int k = load(r->root, &r->arena, stage, &settings);

        if (k < 0 || settings.n_pages == 0)
                return k;
        memory_read(r->root, &r->arena, &memory);
        plan = reserve_plan(&settings, &memory, NULL, &r->arena);
        r->record.done[stage] |= stages[stage].whole_boot;
        return carry_out(r, &plan, stage);
}

int run_host(const struct root *root, const char *unused)
{
        _cleanup_(close_fd) int lock = -1;
        _cleanup_(run_free) struct run r = {.root = root};
        int k = facts_read_switches(root, &r.arena, &r.facts);

        (void)unused;
        if (k < 0 || r.facts.off)
                return k;
        k = record_lock(root, 0, &lock);
        if (k == 0)
                k = run_read_record(&r);
        return k < 0 ? k : run_pages(&r, STAGE_HOST);
}
