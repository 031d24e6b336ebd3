/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings and memory, plan, reserve, record and log. Whatever comes of it, no rule and no boot fails. */
#include <errno.h>

#include "base/str.h"
#include "bind/run.h"
#include "facts/facts.h"
#include "report/hugepages.h"
#include "report/log.h"
#include "state/fallback.h"

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

/* What the image has tried already, and in vain, the kernel is not asked for a second time. */
static void skip_tried(const struct record *record, struct huge_plan *plan)
{
        for (size_t i = 0; i < plan->n; i++) {
                const struct record_pool *known = record_pool_find(record, &plan->entries[i]);

                if (known && plan->entries[i].action == HUGE_WRITE && streq(known->state, "short"))
                        plan->entries[i].action = HUGE_SKIP;
        }
}

/* One line for what is new; what is in the record already has had its line. */
static void log_news(const struct root *root, const struct huge_plan *plan, const struct record *before,
                     const struct record *now)
{
        for (size_t i = 0; i < plan->n; i++) {
                const struct record_pool *was = record_pool_find(before, &plan->entries[i]);
                const struct record_pool *is = record_pool_find(now, &plan->entries[i]);

                if (is && plan->entries[i].action != HUGE_SKIP && !(was && streq(was->state, is->state)))
                        log_pool(root, is);
        }
}

static int carry_out(const struct root *root, struct arena *a, struct record *record, struct huge_plan *plan,
                     enum stage stage)
{
        struct huge_result *results = arena_alloc(a, plan->n * sizeof(*results));
        struct record before = *record;

        if (stage == STAGE_HOST)
                skip_tried(record, plan);
        act_pools(root, plan, results);
        record_merge_pools(record, a, plan, results, stages[stage].name);
        log_news(root, plan, &before, record);
        return record_write(root, record);
}

/* Settings that a boot has failed with are not carried out by the next one's services either. */
static int load(const struct root *root, struct arena *a, enum stage stage, struct settings *ret)
{
        struct diags diags = {.arena = a};
        struct fallback fallback = {};
        int k = settings_load(root, a, &diags, ret);

        if (k == 0 && stage >= STAGE_HOST)
                k = fallback_find(root, a, NULL, &fallback);
        if (k < 0)
                return k;
        if (fallback.why)
                *ret = fallback.settings;
        log_faults(root, &diags);
        return 0;
}

int run_pages(const struct root *root, struct arena *a, struct record *record, enum stage stage)
{
        struct settings settings;
        struct memory memory;
        struct huge_plan plan;
        int k = load(root, a, stage, &settings);

        if (k < 0 || settings.n_pages == 0)
                return k;
        memory_read(root, a, &memory);
        plan = reserve_plan(&settings, &memory, NULL, a);
        record->done[stage] |= stages[stage].whole_boot;
        return carry_out(root, a, record, &plan, stage);
}

int run_host(const struct root *root)
{
        _cleanup_(close_fd) int lock = -1;
        struct arena arena = {};
        struct record record = {};
        struct facts facts = {};
        int k = facts_read_switches(root, &arena, &facts);

        if (k == 0 && !facts.off) {
                lock = record_lock(root, 0);
                k = lock < 0 ? lock : record_read(root, &arena, &record);
                if (k == 0 || k == -ENOENT || k == -EBADMSG)
                        k = run_pages(root, &arena, &record, STAGE_HOST);
        }
        arena_free(&arena);
        return k;
}
