/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bind/run.h"

#include <errno.h>

#include "base/str.h"
#include "report/log.h"
#include "report/outcome.h"
#include "report/sentence.h"
#include "state/fallback.h"

void run_free(struct run *r)
{
        arena_free(&r->arena);
}

/* The facts that can be known in each stage, and those that have to be. */
static const struct facts_request knowing[STAGE_MAX_] = {
        [STAGE_INITRD] = {.booting = true, .early = true},
        [STAGE_ROOT] = {.booting = true, .root_stage = true},
        [STAGE_HOST] = {.booting = true},
        [STAGE_DEMAND] = {.busy = true, .arriving = true},
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

static bool looks_at(const struct bus_syntax *bus)
{
        for (size_t i = 0; bus_table[i]; i++)
                if (bus_table[i]->bus->syntax == bus)
                        return bus_table[i]->gather;
        return true;
}

/* Devices of other buses are not missing. */
static void leave_others(struct config *config)
{
        size_t n = 0;

        for (size_t i = 0; i < config->n_rules; i++)
                if (looks_at(config->rules[i].bus))
                        config->rules[n++] = config->rules[i];
        config->n_rules = n;
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
        leave_others(&r->config);
        facts_request_for(&r->config, &r->arena, &request);
        request.booting = knowing[stage].booting || r->starting;
        request.early = knowing[stage].early;
        request.arriving = knowing[stage].arriving && !r->by_hand;
        request.root_stage = knowing[stage].root_stage;
        request.busy |= knowing[stage].busy;
        request.asked = r->asked;
        if (all) {
                request.config = NULL;
                request.identities = true;
        }
        k = facts_gather(r->root, &r->arena, r->sources, &request, &r->facts);
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

int run_begin(struct run *r, size_t n_ops, int *ret)
{
        struct record first = r->record;
        int k;

        first.n_ops = n_ops;
        k = record_write_open(r->root, &r->arena, &first, ret);

        if (k < 0)
                log_line(r->root, LOG_LEVEL_ERROR, LOG_REFUSAL, NULL, NULL,
                         "nothing is handed over now: the way back cannot be recorded in %s: %s", RECORD_PATH,
                         strerror(-k));
        return k;
}

int run_end(struct run *r, int fd, const struct record *what)
{
        int k = record_append(fd, &r->arena, what);

        if (k < 0)
                log_line(r->root, LOG_LEVEL_ERROR, LOG_REFUSAL, NULL, NULL,
                         "the result of the hand-over cannot be recorded in %s: %s", RECORD_PATH, strerror(-k));
        return k;
}

/* A write of the run that was cut short may still hang. */
#define PATIENCE 10

void run_give_back(struct run *r, struct record_device *d, const char *why)
{
        struct device device = {.bus = bus_named(d->bus), .address = d->address};
        struct ops back = d->back;
        struct result result;
        struct outcome o;

        if (back.n == 0 && device.bus)
                back = ops_way_back_unrecorded(&r->arena, &device, d->driver);
        act_give(r->root, d->address, &back, d->state == STATE_BEGUN ? PATIENCE : 0, &r->arena, &result);
        d->state = STATE_FAILED;
        d->from = "";
        if (result.error)
                why = arena_join(&r->arena, why, "; and it could not be given back: ", result.error, NULL);
        record_say(d, REASON_OTHER, why, NULL);
        o = outcome_of_rescue(&r->arena, d);
        outcome_log(r->root, &o, false);
}

bool run_give_back_begun(struct run *r, const char *rule, const bool *chosen)
{
        bool any = false;

        for (size_t i = 0; i < r->record.n_devices; i++) {
                struct record_device *d = &r->record.devices[i];
                size_t at = facts_find(&r->facts, d->address);
                const struct plan_entry *e = at == NO_DEVICE ? NULL : plan_find(&r->plan, at);

                if (d->state != STATE_BEGUN || (rule && !streq(d->rule, rule)) ||
                    (chosen && e && chosen[e - r->plan.entries] && e->action == ACTION_BIND))
                        continue;
                /* A virtual machine may have opened it since: whoever looks next tries again. */
                if (at != NO_DEVICE && r->facts.devices[at].vfio_user)
                        continue;
                any = true;
                run_give_back(r, d,
                              arena_join(&r->arena, SENTENCE_GIVEN_BACK "taking it was cut short, and ",
                                         e && e->action != ACTION_BIND ? e->reason : "nothing takes it now", NULL));
        }
        return any;
}

bool run_same_text(const struct run *r, const struct rule *rule)
{
        const struct record_rule *known = record_find(&r->record, rule->name);

        return known && known->digest == rule->digest;
}

const char *run_closed(const struct run *r, const struct rule *rule)
{
        const struct record_rule *known = record_find(&r->record, rule->name);

        if (r->record.rescued)
                return "this boot found its root file system only after devices were given back, and takes nothing "
                       "more";
        /* Until the host's plan is fixed, what the image did not have is part of it. */
        if (r->record.host && !run_same_text(r, rule))
                return known ? "its text changed since this boot's plan was made" : "this boot's plan has no such rule";
        return known && known->state == RULE_SKIPPED ? known->message : NULL;
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
