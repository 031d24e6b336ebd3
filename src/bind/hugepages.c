/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings and memory, plan, reserve, record and log. Whatever comes of it, no rule and no boot fails. */
#include <errno.h>

#include "base/str.h"
#include "bind/run.h"
#include "facts/facts.h"
#include "report/hugepages.h"
#include "state/fallback.h"

static const char host[] = "host";

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
                     const char *stage)
{
        struct huge_result *results = arena_alloc(a, plan->n * sizeof(*results));
        struct record before = *record;

        if (streq(stage, host))
                skip_tried(record, plan);
        act_hugepages(root, plan, a, results);
        record_merge_pools(record, a, plan, results, stage);
        log_news(root, plan, &before, record);
        return record_write(root, record);
}

int run_hugepages(const struct root *root, struct arena *a, struct record *record, const char *stage)
{
        struct diags diags = {.arena = a};
        struct settings settings;
        struct memory memory;
        struct huge_plan plan;
        int k = settings_load(root, a, &diags, &settings);

        if (k == 0 && streq(stage, host)) {
                struct fallback fallback;

                k = fallback_find(root, a, NULL, &fallback);
                if (k == 0 && fallback.why)
                        settings = fallback.settings;
        }
        if (k < 0)
                return k;
        log_faults(root, &diags);
        if (settings.n_pages == 0)
                return 0;
        memory_read(root, a, &memory);
        if (k == 0)
                k = hugepages_plan(&settings, &memory, NULL, a, &plan);
        if (k == 0 && !streq(stage, host))
                record->done[STAGE_INITRD] = true;
        return k == 0 ? carry_out(root, a, record, &plan, stage) : k;
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
                        k = run_hugepages(root, &arena, &record, host);
        }
        arena_free(&arena);
        return k;
}
