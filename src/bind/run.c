/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Config and facts, plan, act, record and log: once for a stage of the boot, or for one rule on the host. */
#include "bind/run.h"

#include <errno.h>

#include "base/str.h"
#include "bind/steps.h"
#include "guard/evidence.h"
#include "maker/payload.h"
#include "report/log.h"
#include "report/nodes.h"
#include "state/fallback.h"

void run_free(struct run *r)
{
        arena_free(&r->arena);
}

static const struct facts_request moments[] = {
        [RUN_INITRD] = {.booting = true, .early = true},
        [RUN_ROOT] = {.booting = true, .root_stage = true},
        [RUN_HOST] = {.booting = true},
        [RUN_UP] = {.busy = true},
};

/* A config that a boot has failed with is not carried out by the next one's services either. */
static int hold_back(struct run *r)
{
        struct fallback fallback;
        int k = fallback_find(r->root, &r->arena, &r->config, &fallback);

        if (k == 0 && fallback.why)
                r->config = fallback.config;
        return k;
}

static const struct facts_sources sources = {.guard = guard_gather};

int run_load(struct run *r, bool all, enum moment moment)
{
        struct facts_request request;
        int k;

        r->diags.arena = &r->arena;
        k = config_load(r->root, &r->arena, &r->diags, &r->config);
        if (k == 0 && (moment == RUN_HOST || moment == RUN_UP))
                k = hold_back(r);
        if (k == 0)
                facts_request_for(&r->config, &r->arena, &request);
        request.booting = moments[moment].booting;
        request.early = moments[moment].early;
        request.root_stage = moments[moment].root_stage;
        request.busy |= moments[moment].busy;
        if (all) {
                request.config = NULL;
                request.identities = true;
        }
        if (k == 0)
                k = facts_gather(r->root, &r->arena, &sources, &request, &r->facts);
        if (k == 0)
                k = plan_build(&r->config, &r->facts, &r->arena, &r->plan);
        if (k < 0)
                return k;
        r->results = arena_alloc(&r->arena, r->plan.n_entries * sizeof(*r->results));
        return 0;
}

int run_read_record(struct run *r)
{
        int k = record_read(r->root, &r->arena, &r->record);

        return k == -ENOENT || k == -EBADMSG ? 0 : k;
}

void run_log_device(struct run *r, size_t entry)
{
        struct outcome o = outcome_of(&r->arena, &r->plan, entry, &r->results[entry]);

        log_outcome(r->root, &o, false);
}

/* What stands in the way of a rule as a whole; its devices have lines of their own. */
static void log_rule(struct run *r, size_t i)
{
        const struct plan_rule *state = &r->plan.rules[i];
        const struct rule *rule = &r->config.rules[i];

        if (state->state == RULE_MISSING || state->state == RULE_INVALID ||
            (state->state == RULE_SKIPPED && !state->elsewhere))
                log_rule_state(r->root, &r->arena,
                               &(struct record_rule){.name = rule->name,
                                                     .file = rule->file,
                                                     .state = rule_state_names[state->state],
                                                     .message = state->message},
                               false);
}

static int all_satisfied(const struct run *r)
{
        for (size_t i = 0; i < r->record.n_rules; i++)
                if (!record_satisfied(&r->record, &r->record.rules[i]))
                        return 1;
        return 0;
}

static int carry_out(struct run *r, enum stage stage)
{
        int k = act_run(r->root, &r->plan, stage, NO_ENTRY, 0, &r->arena, r->results);

        if (k < 0)
                return k;
        r->record.done[stage] = true;
        if (stage == STAGE_INITRD)
                r->record.image = digest_here(r->root);
        record_merge(&r->record, &r->arena, &r->plan, r->results, stage, NULL);
        if (k == 0)
                k = record_write(r->root, &r->record);

        for (size_t i = 0; i < r->plan.n_entries; i++)
                if (r->plan.entries[i].stage == stage)
                        run_log_device(r, i);
        for (size_t i = 0; i < r->config.n_rules && stage == STAGE_INITRD; i++)
                log_rule(r, i);
        return k;
}

/* Devices first: nothing that huge pages take, time included, may keep a rule from being carried out. */
int run_stage(const struct root *root, enum stage stage)
{
        _cleanup_(run_free) struct run r = {.root = root};
        int k = facts_read_switches(root, &r.arena, &r.facts), pages = 0;

        if (k < 0 || r.facts.off)
                return k;
        k = run_read_record(&r);
        if (k < 0 || r.record.done[stage] || r.record.rescued)
                return k;
        k = run_load(&r, false, stage == STAGE_INITRD ? RUN_INITRD : RUN_ROOT);
        if (k == 0 && r.config.n_rules > 0)
                k = carry_out(&r, stage);
        if (stage == STAGE_INITRD)
                pages = run_hugepages(root, &r.arena, &r.record, stage_names[stage]);
        if (pages < 0)
                log_line(root, LOG_LEVEL_ERROR, LOG_PAGES, NULL, NULL, "huge pages: %s", strerror(-pages));
        return k < 0 ? k : all_satisfied(&r);
}

/* Once in a boot: the host's config is another than its boot image was built from. */
static int log_image(struct run *r)
{
        struct payload now;
        const char *differs;
        int k = payload_build(r->root, &r->arena, &r->config, r->facts.kernel, &(struct diags){.arena = &r->arena},
                              &now);

        if (k < 0)
                return k;
        differs = payload_differs(&now, &r->record.image);
        /* One that ran and does not say what it was built from is of a time before images did. */
        if (differs && (r->record.image.known || !r->record.done[STAGE_INITRD]))
                log_line(r->root, LOG_LEVEL_WARNING, LOG_IMAGE, NULL, NULL,
                         "this boot's image is stale: %s; build it anew: passthroughctl apply", differs);
        return 0;
}

/* The host's first service fixes the host's plan: rules that the image did not have, or had in an older text, join it.
 */
static int join_host_plan(struct run *r)
{
        int k = 0;

        if (r->record.host)
                return 0;
        for (size_t i = 0; k == 0 && i < r->config.n_rules; i++) {
                const struct record_rule *known = record_find(&r->record, r->config.rules[i].name);

                if (!known || known->digest != r->config.rules[i].digest)
                        record_merge(&r->record, &r->arena, &r->plan, r->results, STAGE_INITRD,
                                     r->config.rules[i].name);
        }
        r->record.host = true;
        if (k == 0)
                k = log_image(r);
        return k < 0 ? k : record_write(r->root, &r->record);
}

/* Whether what the record says was taken still has the driver it was given. */
static bool still_bound(struct run *r, const char *rule)
{
        for (size_t i = 0; i < r->record.n_devices; i++) {
                const struct record_device *d = &r->record.devices[i];
                size_t at = facts_find(&r->facts, d->address);

                if (streq(d->rule, rule) && record_device_taken(d) &&
                    (at == NO_DEVICE || !streq_ptr(r->facts.devices[at].driver, d->driver)))
                        return false;
        }
        return true;
}

static int bind_late(struct run *r, size_t rule)
{
        static const enum stage stages[] = {STAGE_INITRD, STAGE_ROOT};
        int k = 0;

        for (size_t s = 0; k == 0 && s < ARRAY_SIZE(stages); s++)
                k = act_run(r->root, &r->plan, stages[s], rule, 0, &r->arena, r->results);
        if (k == 0)
                record_merge(&r->record, &r->arena, &r->plan, r->results, STAGE_INITRD, r->config.rules[rule].name);
        if (k == 0)
                k = record_write(r->root, &r->record);
        for (size_t i = 0; i < r->plan.n_entries; i++)
                if (r->plan.entries[i].rule == rule)
                        run_log_device(r, i);
        return k;
}

/*
 * Whether the rule is worth a second look: a device that was not there may have appeared. Not where one was refused:
 * the image may have known what this host does not, that it is another device than the one recorded, say.
 */
static bool may_be_late(const struct run *r, const struct record_rule *rule)
{
        for (size_t i = 0; i < r->record.n_devices; i++)
                if (streq(r->record.devices[i].rule, rule->name) && streq(r->record.devices[i].action, "refuse"))
                        return false;
        return streq(rule->state, rule_state_names[RULE_OK]) || streq(rule->state, rule_state_names[RULE_MISSING]);
}

/* 0, 1 with the reason logged, or -errno. */
static int settle(struct run *r, const char *name)
{
        const struct record_rule *known = record_find(&r->record, name);
        const struct rule *rule = config_find(&r->config, name);
        int k;

        if (known && record_satisfied(&r->record, known) && still_bound(r, name))
                return 0;
        if (!known || !rule || known->digest != rule->digest) {
                log_line(r->root, LOG_LEVEL_WARNING, LOG_RULE, name, NULL, "%s: %s", name,
                         known ? "its text changed since this boot's plan was made"
                               : "this boot's plan has no such rule");
                return 1;
        }
        if (!may_be_late(r, known)) {
                log_rule_state(r->root, &r->arena, known, false);
                return 1;
        }
        if (r->record.rescued) {
                log_line(r->root, LOG_LEVEL_WARNING, LOG_RULE, name, NULL,
                         "%s: this boot found its root only once devices were given back; nothing more is taken in it",
                         name);
                return 1;
        }
        k = bind_late(r, (size_t)(rule - r->config.rules));
        known = record_find(&r->record, name);
        return k < 0 ? k : !record_satisfied(&r->record, known);
}

/*
 * Who may open what, and links. Where the rule's text is another since, what its devices have stays as it is. 0, 1 with
 * the reason logged, or -errno.
 */
static int settle_nodes(struct run *r, const char *name)
{
        const struct record_rule *known = record_find(&r->record, name);
        const struct rule *rule = config_find(&r->config, name);
        struct diags problems = {.arena = &r->arena};
        int k;

        if (!known || !rule || known->digest != rule->digest)
                return 0;
        k = nodes_settle(r->root, &r->arena, &r->plan, &r->record, name, &problems);
        for (size_t i = 0; i < problems.n; i++)
                log_line(r->root, LOG_LEVEL_ERROR, LOG_RULE, name, NULL, "%s: %s", name, problems.v[i].message);
        return k;
}

int run_rule(const struct root *root, const char *rule)
{
        _cleanup_(close_fd) int lock = -1;
        _cleanup_(run_free) struct run r = {.root = root};
        int k = facts_read_switches(root, &r.arena, &r.facts), nodes;

        if (k < 0)
                return k;
        if (r.facts.off) {
                log_line(root, LOG_LEVEL_NOTICE, LOG_RULE, rule, NULL, "%s: skipped: %s on the kernel command line",
                         rule, r.facts.off_by);
                return 1;
        }
        lock = record_lock(root, 0);
        if (lock < 0)
                return lock;

        k = run_read_record(&r);
        if (k == 0)
                k = run_load(&r, true, RUN_HOST);
        if (k == 0)
                k = join_host_plan(&r);
        if (k == 0)
                k = settle(&r, rule);
        nodes = k < 0 ? 0 : settle_nodes(&r, rule);
        return nodes != 0 ? nodes : k;
}
