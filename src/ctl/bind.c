/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bind: the plan of this moment, of which the entries of one rule or around one device are carried out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/hand.h"
#include "ctl/make-functions.h"
#include "ctl/situation.h"
#include "ctl/tell.h"
#include "plan/hand.h"
#include "report/domain.h"
#include "state/claim-files.h"

/* The entries that are meant; 0 or the exit status. */
static int choose(struct hand *h, bool **ret)
{
        struct ctl *c = h->c;
        size_t rule = NO_ENTRY, entry = NO_ENTRY;

        if (h->rule)
                rule = (size_t)(config_find(&c->config, h->rule) - c->config.rules);
        else {
                const struct plan_entry *e = plan_find(&c->plan, h->device);

                if (!e) {
                        const char *address =
                                domain_less(domain_is_one(&c->facts), c->facts.devices[h->device].address);

                        return ctl_usage("no rule covers %s; write one first: passthroughctl add NAME %s", address,
                                         address);
                }
                entry = (size_t)(e - c->plan.entries);
        }
        plan_choose(&c->plan, &c->arena, rule, entry, ret);
        return 0;
}

static const char *would(struct ctl *c, const struct plan_entry *e)
{
        const struct device *d = &c->facts.devices[e->device];
        const char *rule = c->config.rules[e->rule].name;

        if (device_is_vgpu(d))
                return arena_printf(&c->arena, "%s: %s is a virtual GPU already", rule, d->address);
        if (d->driver && streq(d->driver, e->driver))
                return arena_printf(&c->arena, "%s: %s has %s already", rule, d->address, e->driver);
        if (d->bus->syntax->driverless)
                return arena_printf(&c->arena, "%s: %s would be handed over by udev", rule, d->address);
        return arena_printf(&c->arena, "%s: %s would be bound to %s%s%s", rule, d->address, e->driver,
                            d->driver ? ", taken from " : "", d->driver ? d->driver : "");
}

/* What comes of it if no driver and no device stands against it. */
static void expect(const struct plan *plan, const bool *chosen, struct result *results)
{
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const char *driver = plan->facts->devices[e->device].driver;

                if (!chosen[i])
                        continue;
                results[i].now = e->action == ACTION_BIND ? e->driver : driver;
                results[i].state = e->action == ACTION_REFUSE                       ? STATE_REFUSED
                                   : e->action != ACTION_BIND                       ? STATE_NONE
                                   : driver && *driver && !streq(driver, e->driver) ? STATE_LATE
                                                                                    : STATE_BOUND;
        }
}

static void tell(struct hand *h, const bool *chosen, const struct result *results)
{
        struct ctl *c = h->c;

        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct plan_entry *e = &c->plan.entries[i];
                struct outcome o;

                /* Of a rule that makes devices, the parent stays, and it is no matter. */
                if (!chosen[i] ||
                    (e->action == ACTION_KEEP && (c->config.rules[e->rule].sriov || c->config.rules[e->rule].vgpu)))
                        continue;
                o = outcome_of_entry(&c->arena, &c->plan, i, &results[i]);
                if (c->dry_run && o.text && !o.bad)
                        o.text = would(c, e);
                if (!o.text) {
                        o.bad = true;
                        o.level = LOG_LEVEL_WARNING;
                        o.message_id = LOG_REFUSAL;
                        o.text = arena_printf(&c->arena, "%s: %s %s", o.rule, o.device,
                                              e->action == ACTION_KEEP ? e->reason : "not tried");
                }
                hand_tell(h, &o);
        }
        for (size_t r = 0; r < c->config.n_rules; r++)
                if (h->rule && streq(h->rule, c->config.rules[r].name) &&
                    (c->plan.rules[r].state == RULE_MISSING || c->plan.rules[r].state == RULE_SKIPPED)) {
                        struct record_rule rule;

                        record_rule_of(&c->plan, r, &rule);
                        hand_tell_rule(h, &rule);
                }
}

static bool is_meant(const struct hand *h, const struct plan *plan, const bool *chosen, size_t rule)
{
        bool meant = h->rule && streq(h->rule, plan->config->rules[rule].name);

        for (size_t i = 0; i < plan->n_entries && !meant; i++)
                meant = chosen[i] && plan->entries[i].rule == rule;
        return meant;
}

/* The rules of what was chosen go into the record, but what is switched off for this boot. */
static void merge(struct hand *h, const struct plan *plan, const bool *chosen, const struct result *results)
{
        for (size_t r = 0; r < plan->config->n_rules; r++)
                if (is_meant(h, plan, chosen, r) && plan->rules[r].state != RULE_SKIPPED)
                        record_merge(&h->record, &h->c->arena, plan, results, STAGE_INITRD,
                                     plan->config->rules[r].name);
}

/* What was chosen goes into the document. */
static void settle(struct hand *h, const struct plan *plan, const bool *chosen, const struct result *results)
{
        struct record *document = &h->document;
        size_t n = 0;

        for (size_t r = 0; r < plan->config->n_rules; r++) {
                const char *name = plan->config->rules[r].name;

                if (!is_meant(h, plan, chosen, r))
                        continue;
                record_merge(document, &h->c->arena, plan, results, STAGE_INITRD, name);
                if (plan->rules[r].state != RULE_SKIPPED)
                        hand_nodes(h, name);
        }
        for (size_t i = 0; i < document->n_devices; i++) {
                size_t at = facts_find(plan->facts, document->devices[i].address);
                const struct plan_entry *e = at == NO_DEVICE ? NULL : plan_find(plan, at);

                if (e && chosen[e - plan->entries])
                        document->devices[n++] = document->devices[i];
        }
        document->n_devices = n;
}

static int bind(struct hand *h)
{
        struct ctl *c = h->c;
        struct result *results;
        struct record what = {};
        struct plan plan;
        bool *chosen;
        int k = choose(h, &chosen);

        if (k != 0)
                return k;
        results = arena_alloc(&c->arena, c->plan.n_entries * sizeof(*results));
        record_begin(&h->record, &c->plan, chosen, results);
        plan_reduce(&c->plan, &c->arena, chosen, &plan);
        merge(h, &plan, chosen, results);
        k = record_write(&c->root, &c->arena, &h->record);
        if (k < 0)
                return ctl_fail(RECORD_PATH, k);
        k = c->dry_run ? 0 : claim_files_renew(&c->root, &c->arena, &c->plan, c->sources->buses, &h->record);
        if (k < 0)
                return ctl_fail(CLAIMS_UDEV, k);
        /* What does not come back ends it: who knows what else hangs with it. */
        if (c->dry_run)
                expect(&plan, chosen, results);
        else
                act_take(&c->root, &plan, &(struct act_choice){.rule = NO_ENTRY, .patience = PATIENCE}, &c->arena,
                         results);
        record_end(&h->record, &c->arena, &plan, chosen, results, &what);
        tell(h, chosen, results);
        settle(h, &plan, chosen, results);
        return hand_finish(h, 0);
}

int ctl_bind(struct ctl *c)
{
        _cleanup_(hand_close) struct hand h = {.c = c, .lock = -1};
        int k = make_functions(c);

        if (k == 0)
                k = hand_open(&h);
        if (k == 0)
                k = bind(&h);
        if (!c->json && k == 0 && c->dry_run)
                tell_step(c, arena_join(&c->arena, "bind ", c->argv[1], NULL), "does this");
        else if (!c->json && k != EXIT_USAGE)
                situation_put(c, NEXT_ON_BIND);
        return k;
}
