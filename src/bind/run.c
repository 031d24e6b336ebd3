/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bind/run.h"

#include <errno.h>

#include "guard/evidence.h"
#include "maker/table.h"
#include "report/log.h"
#include "report/outcome.h"
#include "state/fallback.h"

void run_free(struct run *r)
{
        arena_free(&r->arena);
}

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather};

/* What can be known of the machine in each stage, and what has to be. */
static const struct facts_request knowing[STAGE_MAX_] = {
        [STAGE_INITRD] = {.booting = true, .early = true},
        [STAGE_ROOT] = {.booting = true, .root_stage = true},
        [STAGE_HOST] = {.booting = true},
        [STAGE_DEMAND] = {.busy = true},
};

/* A config that a boot has failed with is not carried out by the next one's services either. */
static int hold_back(struct run *r)
{
        struct fallback fallback;
        int k = fallback_find(r->root, &r->arena, bus_syntaxes, &r->config, &fallback);

        if (k == 0 && fallback.why)
                r->config = fallback.config;
        return k;
}

int run_load(struct run *r, bool all, enum stage stage)
{
        struct facts_request request;
        int k;

        r->diags.arena = &r->arena;
        k = config_load(r->root, &r->arena, bus_syntaxes, &r->diags, &r->config);
        if (k == 0 && stage >= STAGE_HOST)
                k = hold_back(r);
        if (k < 0)
                return k;
        facts_request_for(&r->config, &r->arena, &request);
        request.booting = knowing[stage].booting;
        request.early = knowing[stage].early;
        request.root_stage = knowing[stage].root_stage;
        request.busy |= knowing[stage].busy;
        if (all) {
                request.config = NULL;
                request.identities = true;
        }
        k = facts_gather(r->root, &r->arena, &sources, &request, &r->facts);
        if (k < 0)
                return k;
        plan_build(&r->config, &r->facts, &r->arena, &r->plan);
        r->results = arena_alloc(&r->arena, r->plan.n_entries * sizeof(*r->results));
        return 0;
}

int run_read_record(struct run *r)
{
        int k = record_read(r->root, &r->arena, &r->record);

        return k < 0 ? k : 0;
}

bool run_same_text(const struct run *r, const struct rule *rule)
{
        const struct record_rule *known = record_find(&r->record, rule->name);

        return known && known->digest == rule->digest;
}

void run_log_device(struct run *r, size_t entry)
{
        struct outcome o = outcome_of_entry(&r->arena, &r->plan, entry, &r->results[entry]);

        outcome_log(r->root, &o, false);
}

void run_log_rule(struct run *r, const struct record_rule *rule)
{
        struct outcome o = outcome_of_rule(&r->arena, rule);

        outcome_log(r->root, &o, false);
}
