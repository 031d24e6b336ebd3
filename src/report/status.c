/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/status.h"

#include <errno.h>

#include "base/str.h"
#include "bus/pci/natives.h"
#include "maker/read.h"

static const char pending[] = "pending";
static const char failed[] = "failed";

/* What was taken and has another driver now is not satisfied any more, whoever did that. */
static void check_live(struct arena *a, const struct facts *facts, struct record_device *d)
{
        size_t at = facts_find(facts, d->address);
        const char *driver = at == NO_DEVICE ? NULL : facts->devices[at].driver;

        if (!record_device_taken(d) || streq_ptr(driver, d->driver))
                return;
        d->reason = at == NO_DEVICE ? "it was taken at boot and is not there any more"
                    : driver        ? arena_printf(a, "it was taken at boot and has driver %s now", driver)
                                    : "it was taken at boot and has no driver now";
        d->state = device_state_names[STATE_FAILED];
}

static void add_rule(struct arena *a, struct record *r, const struct rule *rule, const char *state, const char *message)
{
        struct record_rule *x = arena_grow(a, &r->rules, r->n_rules, sizeof(*r->rules));

        *x = (struct record_rule){
                .name = rule->name, .file = rule->file, .state = state, .message = message, .digest = rule->digest};
        r->n_rules++;
}

/* Rules as they are written now, beside those of the boot. */
static void compare_config(struct arena *a, const struct plan *plan, struct record *r)
{
        const struct config *config = plan->config;
        size_t n_booted = r->n_rules;

        for (size_t i = 0; i < config->n_rules; i++) {
                const struct rule *rule = &config->rules[i];
                const struct plan_rule *now = &plan->rules[i];
                struct record_rule *known = (struct record_rule *)record_find(r, rule->name);

                if (known && known->digest == rule->digest)
                        continue;
                if (known) {
                        known->state = pending;
                        known->message = "its text changed since this boot's plan was made";
                } else if (now->state == RULE_INVALID || now->state == RULE_SKIPPED)
                        add_rule(a, r, rule, rule_state_names[now->state], now->message);
                else
                        add_rule(a, r, rule, pending,
                                 "newer than this boot's plan; passthroughctl apply and reboot, or bind it now");
        }
        for (size_t i = 0; i < n_booted; i++)
                if (!config_find(config, r->rules[i].name)) {
                        r->rules[i].state = pending;
                        r->rules[i].message = "its file is gone since this boot's plan was made";
                }
}

/* Devices of rules that were switched off for this boot: nothing else has them in a record. */
static void add_skipped(struct arena *a, const struct plan *plan, struct record *r)
{
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct device *d = &plan->facts->devices[e->device];
                struct record_device *x;

                if (record_find_device(r, d->address) || plan->rules[e->rule].state != RULE_SKIPPED)
                        continue;
                x = record_device_at(r, a, d->address);
                *x = (struct record_device){.rule = plan->config->rules[e->rule].name,
                                            .bus = bus_names[d->bus],
                                            .address = d->address,
                                            .id = d->id,
                                            .class = d->class,
                                            .action = action_names[e->action],
                                            .driver = "",
                                            .stage = stages[e->stage].name,
                                            .reason = e->reason,
                                            .state = "",
                                            .from = "",
                                            .group = d->group};
        }
}

/* Who would have had what is handed over, had it not been. */
static int find_kept_out(const struct root *root, struct arena *a, const struct facts *facts, struct status *s)
{
        size_t n_all = s->record.n_devices, n = 0;
        size_t *devices = arena_alloc(a, n_all * sizeof(*devices)), *of = arena_alloc(a, n_all * sizeof(*of));
        const char **natives = arena_alloc(a, n_all * sizeof(*natives));
        int k;

        s->kept_out = arena_alloc(a, n_all * sizeof(*s->kept_out));
        for (size_t i = 0; i < n_all; i++) {
                size_t at = facts_find(facts, s->record.devices[i].address);

                if (!record_device_taken(&s->record.devices[i]) || at == NO_DEVICE)
                        continue;
                of[n] = i;
                devices[n++] = at;
        }
        k = natives_loaded(root, a, facts, devices, n, natives);
        for (size_t i = 0; k == 0 && i < n; i++)
                s->kept_out[of[i]] = natives[i];
        return k;
}

static struct record_rule *rule_of(struct record *r, const struct record_device *d)
{
        return (struct record_rule *)record_find(r, d->rule);
}

/* What this boot ran from, and what the next ones would. */
static int compare_images(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                          struct arena *a, const struct plan *plan, struct status *s)
{
        struct diags diags = {.arena = a};
        struct installed_list list = {};
        struct payload now;
        int k = payload_build(makers->initrds, root, a, plan->config, plan->facts->kernel, &diags, &now);

        if (k == 0 && s->record.image.known)
                s->stale = payload_differs(&now, &s->record.image);
        if (k == 0)
                installed_look(loaders, makers, root, a, &list);
        for (size_t i = 0; k == 0 && i < list.n; i++) {
                const struct installed *image = &list.v[i];
                struct status_image *x;

                if (!image->path || !image->kernel)
                        continue;
                x = arena_grow(a, &s->images, s->n_images, sizeof(*s->images));
                *x = (struct status_image){.release = image->release, .path = image->path};
                s->n_images++;
                k = image_judge(root, a, makers, image, plan->config, &x->known, &x->stale);
        }
        return k;
}

int status_build(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                 struct arena *a, const struct plan *plan, struct status *ret)
{
        struct status s = {.satisfied = true, .off_by = plan->facts->off_by};
        int k = record_read(root, a, &s.record);

        s.ran = k == 0;
        if (k < 0 && k != -ENOENT)
                return k;
        compare_config(a, plan, &s.record);
        add_skipped(a, plan, &s.record);
        for (size_t i = 0; i < s.record.n_devices; i++) {
                struct record_device *d = &s.record.devices[i];
                struct record_rule *rule = rule_of(&s.record, d);

                check_live(a, plan->facts, d);
                if (rule && streq(rule->state, rule_state_names[RULE_SKIPPED]) && !*d->state)
                        d->state = device_state_names[STATE_SKIPPED];
                if (rule && streq(d->state, failed) && streq(rule->state, rule_state_names[RULE_OK])) {
                        rule->state = failed;
                        rule->message = arena_printf(a, "%s: %s", d->address, d->reason);
                }
        }
        k = find_kept_out(root, a, plan->facts, &s);
        if (k < 0)
                return k;
        for (size_t i = 0; i < s.record.n_rules; i++) {
                const struct rule *rule = config_find(plan->config, s.record.rules[i].name);

                /* A rule that is meant for another machine is no fault of this one. */
                if (rule && plan->rules[rule - plan->config->rules].elsewhere)
                        continue;
                s.satisfied &= record_satisfied(&s.record, &s.record.rules[i]);
        }
        k = plan->facts->in_initrd ? 0 : compare_images(loaders, makers, root, a, plan, &s);
        if (k == 0)
                trial_read(root, a, &s.trial);
        s.trial_here = trial_is_here(root, a, &s.trial);
        if (k < 0)
                return k;
        *ret = s;
        return 0;
}
