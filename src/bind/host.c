/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the runs for a rule on the host have in common. */
#include "base/str.h"
#include "bind/run.h"
#include "report/log.h"
#include "report/outcome.h"
#include "state/links.h"

static bool has_driver(const struct run *r, const struct record_device *d)
{
        size_t at = facts_find(&r->facts, d->address);

        return at != NO_DEVICE && streq_ptr(r->facts.devices[at].driver, d->driver);
}

bool run_still_bound(const struct run *r, const struct record_rule *rule)
{
        const struct record_device *of = record_rule_carrier(&r->record, rule);

        for (size_t i = 0; i < r->record.n_devices; i++) {
                const struct record_device *d = &r->record.devices[i];

                if (streq(d->rule, rule->name) && record_device_taken(d) &&
                    !has_driver(r, record_carrier(&r->record, d)))
                        return false;
        }
        return !of || has_driver(r, of);
}

bool run_nodes(struct run *r, const char *name)
{
        struct diags problems = {.arena = &r->arena};
        struct nodes nodes = links_find(r->root, &r->arena, &r->plan, &r->record, name, &problems);

        act_nodes(r->root, &r->arena, &nodes, &problems);
        for (size_t i = 0; i < problems.n; i++)
                log_line(r->root, LOG_LEVEL_ERROR, LOG_RULE, name, NULL, "%s: %s", name, problems.v[i].message);
        return problems.n == 0;
}

static void log_off(struct run *r, const char *rule)
{
        struct outcome o = outcome_of_rule(
                &r->arena, &(struct record_rule){.name = rule,
                                                 .state = RULE_SKIPPED,
                                                 .message = arena_join(&r->arena, r->facts.off_by,
                                                                       " on the kernel command line", NULL)});

        o.level = LOG_LEVEL_NOTICE;
        outcome_log(r->root, &o, false);
}

int run_switches(struct run *r, const char *rule)
{
        int k = facts_read_switches(r->root, &r->arena, &r->facts);

        if (k < 0 || !r->facts.off)
                return k < 0 ? k : RUN_DONE;
        log_off(r, rule);
        return RUN_UNSATISFIED;
}

int run_ask(const struct root *root, const char *name, bool (*is)(const struct rule *rule), bool *ret)
{
        struct arena a = {};
        struct config config;
        const struct rule *rule;
        int k = config_load(root, &a, bus_syntaxes, &(struct diags){.arena = &a}, &config);

        rule = k < 0 ? NULL : config_find(&config, name);
        *ret = rule && is(rule);
        arena_free(&a);
        return k;
}
