/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/status.h"

#include <errno.h>

#include "base/str.h"
#include "facts/natives.h"
#include "maker/origin.h"
#include "plan/sriov.h"
#include "report/vgpu-lines.h"
#include "state/merge.h"

/* What was taken and has another driver now is not satisfied any more, whoever did that. */
static void check_live(struct arena *a, const struct facts *facts, const struct record *r, struct record_device *d)
{
        const struct record_device *of = record_carrier(r, d);
        size_t at = facts_find(facts, of->address);
        const char *what = of == d ? "it" : of->address;
        const char *driver = at == NO_DEVICE ? NULL : facts->devices[at].driver;

        if (d->state == STATE_BEGUN)
                record_say(d, REASON_OTHER,
                           arena_printf(a,
                                        "taking it was cut short, and it has %s%s now; \"passthroughctl "
                                        "bind %s\" finishes that, \"passthroughctl release %s\" gives it back",
                                        driver ? "driver " : "no driver", driver ? driver : "", d->rule, d->rule),
                           NULL);
        if (!record_device_taken(d) || streq_ptr(driver, d->driver))
                return;
        what = arena_join(a, what, d->stage == STAGE_DEMAND ? " was taken and " : " was taken at boot and ",
                          at == NO_DEVICE ? "is not there any more"
                          : driver        ? arena_join(a, "has driver ", driver, " now", NULL)
                                          : "has no driver now",
                          NULL);
        record_say(d, of == d ? REASON_OTHER : REASON_ANOTHER, what, of->address);
        d->state = STATE_FAILED;
}

static void add_rule(struct arena *a, struct record *r, const struct rule *rule, enum rule_state state,
                     struct reason why)
{
        struct record_rule *x = record_rule_for(r, a, rule->name);

        *x = (struct record_rule){.name = rule->name, .file = rule->file, .state = state, .digest = rule->digest};
        record_tell(x, why.kind, why.text, why.about);
}

/* What brings a rule into effect that this boot's plan did not have. */
static struct reason waits_for(enum rule_state now)
{
        switch (now) {
        case RULE_REFUSED:
                return reason_say(REASON_OTHER,
                                  "not in effect yet, and the plan refuses it: passthroughctl plan says why");
        case RULE_MISSING:
                return reason_say(REASON_OTHER,
                                  "not in effect yet, and the plan has no device for it: passthroughctl plan says why");
        default:
                return reason_say(REASON_NOT_IN_EFFECT, "not in effect yet: not in this boot's plan; passthroughctl "
                                                        "apply and reboot, or bind it now");
        }
}

/* Whether the record has something that the rule took. */
static bool holds_any(const struct record *r, const char *rule)
{
        for (size_t i = 0; i < r->n_devices; i++)
                if (streq(r->devices[i].rule, rule) && record_device_held(record_carrier(r, &r->devices[i])))
                        return true;
        return false;
}

/* Nothing that no boot carries out is late: it is there once its service has started, as it is written then. */
static void add_idle(struct arena *a, const struct plan *plan, size_t rule, struct record *r)
{
        const char *name = plan->config->rules[rule].name;
        const struct plan_rule *now = &plan->rules[rule];
        const char *text = now->state == RULE_OK
                                   ? arena_join(a, "not started: systemctl start passthrough@", name, ".service", NULL)
                                   : arena_join(a, "not started, and could not be now: ", now->message, NULL);
        size_t n = 0;

        for (size_t i = 0; i < r->n_devices; i++)
                if (!streq(r->devices[i].rule, name))
                        r->devices[n++] = r->devices[i];
        r->n_devices = n;
        add_rule(a, r, &plan->config->rules[rule], RULE_IDLE, reason_say(REASON_OTHER, text));
        for (size_t i = 0; i < plan->n_entries && now->state == RULE_OK; i++) {
                struct record_device x;

                if (plan->entries[i].rule != rule ||
                    record_find_device(r, plan->facts->devices[plan->entries[i].device].address))
                        continue;
                x = record_device_of(plan, i, &(struct result){});
                *record_device_at(r, a, x.address) = x;
        }
}

/* Rules as they are written now, beside those of the boot. */
static void compare_config(struct arena *a, const struct plan *plan, const struct plan *busy, struct record *r)
{
        const struct config *config = plan->config;
        size_t n_booted = r->n_rules;

        for (size_t i = 0; i < config->n_rules; i++) {
                const struct rule *rule = &config->rules[i];
                const struct plan_rule *now = &plan->rules[i];
                struct record_rule *known = record_find(r, rule->name);

                if (rule_on_demand(rule) && now->state != RULE_SKIPPED) {
                        if (!holds_any(r, rule->name))
                                add_idle(a, busy ? busy : plan, i, r);
                        continue;
                }
                if (known && known->digest == rule->digest)
                        continue;
                if (known) {
                        known->state = RULE_PENDING;
                        record_tell(known, REASON_OTHER,
                                    "not in effect yet: its text changed since this boot's plan was made", NULL);
                } else if (now->state == RULE_INVALID || now->state == RULE_SKIPPED)
                        add_rule(a, r, rule, now->state, reason_about(now->why.kind, now->message, now->why.about));
                else
                        add_rule(a, r, rule, RULE_PENDING, waits_for(now->state));
        }
        for (size_t i = 0; i < n_booted; i++)
                if (!config_find(config, r->rules[i].name)) {
                        r->rules[i].state = RULE_PENDING;
                        record_tell(&r->rules[i], REASON_OTHER, "its file is gone since this boot's plan was made",
                                    NULL);
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
                                            .bus = d->bus->syntax->name,
                                            .address = d->address,
                                            .id = d->id,
                                            .class = d->class,
                                            .action = e->action,
                                            .driver = "",
                                            .stage = e->stage,
                                            .from = "",
                                            .group = d->group};
                record_say(x, e->kind, e->reason, e->about);
        }
}

static void find_vgpus(struct arena *a, const struct facts *facts, struct status *s)
{
        s->vgpus = arena_alloc(a, s->record.n_devices * sizeof(*s->vgpus));
        for (size_t i = 0; i < s->record.n_devices; i++) {
                size_t at = facts_find(facts, s->record.devices[i].address);

                if (at != NO_DEVICE && device_is_vgpu(&facts->devices[at]))
                        s->vgpus[i] = &facts->devices[at];
        }
}

/* Who would have had what is handed over, had it not been. */
static void find_kept_out(const struct root *root, struct arena *a, const struct facts *facts, struct status *s)
{
        size_t n_all = s->record.n_devices, n = 0;
        size_t *devices = arena_alloc(a, n_all * sizeof(*devices)), *of = arena_alloc(a, n_all * sizeof(*of));
        const char **natives = arena_alloc(a, n_all * sizeof(*natives));

        s->kept_out = arena_alloc(a, n_all * sizeof(*s->kept_out));
        for (size_t i = 0; i < n_all; i++) {
                size_t at = facts_find(facts, s->record.devices[i].address);

                if (!record_device_taken(&s->record.devices[i]) || at == NO_DEVICE)
                        continue;
                of[n] = i;
                devices[n++] = at;
        }
        natives_loaded(root, a, facts, devices, n, natives);
        for (size_t i = 0; i < n; i++)
                s->kept_out[of[i]] = natives[i];
}

int status_images(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                  struct arena *a, const struct plan *plan, struct status_image **ret, size_t *ret_n)
{
        struct installed_list list = {};
        int k = 0;

        *ret = NULL;
        *ret_n = 0;
        installed_look(loaders, makers, root, a, &list);
        for (size_t i = 0; k == 0 && i < list.n; i++) {
                const struct installed *image = &list.v[i];
                struct status_image *x;

                if (!image->path || !image->kernel)
                        continue;
                x = arena_grow(a, ret, *ret_n, sizeof(**ret));
                *x = (struct status_image){.release = image->release, .path = image->path};
                ++*ret_n;
                k = origin_judge(root, a, makers, image, plan->config, &x->known, &x->stale);
        }
        return k;
}

/* What this boot ran from, and what the next ones would. */
static int compare_images(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                          struct arena *a, const struct plan *plan, struct status *s)
{
        struct diags diags = {.arena = a};
        struct payload now;
        int k = payload_build(makers->initrds, root, a, plan->config, plan->facts->kernel, &diags, &now);

        if (k == 0 && s->record.image.known)
                s->stale = payload_differs(&now, &s->record.image);
        return k == 0 ? status_images(loaders, makers, root, a, plan, &s->images, &s->n_images) : k;
}

/* The rule has no device at the address now: what udev claims may be unplugged, and another in its place. */
static bool is_unplugged(const struct plan *plan, const struct rule *rule, const struct record_device *d)
{
        size_t at = facts_find(plan->facts, d->address);
        const struct plan_entry *e = at == NO_DEVICE ? NULL : plan_find(plan, at);

        if (rule && rule->bus->taken_by && d->state == STATE_FAILED)
                return at == NO_DEVICE; /* it went away before udev had taken it */
        return rule && rule->bus->taken_by && record_device_taken(d) &&
               (at == NO_DEVICE || ((!e || &plan->config->rules[e->rule] != rule) && !plan->facts->devices[at].claim));
}

/* It is missing then, as it was before it was plugged in. */
static void forget_unplugged(const struct plan *plan, struct record *r)
{
        size_t n = 0;

        for (size_t i = 0; i < r->n_devices; i++) {
                const struct record_device *d = &r->devices[i];
                const struct rule *rule = config_find(plan->config, d->rule);
                const struct plan_rule *now = rule ? &plan->rules[rule - plan->config->rules] : NULL;
                struct record_rule *x = record_find(r, d->rule);

                if (!is_unplugged(plan, rule, d)) {
                        r->devices[n++] = *d;
                        continue;
                }
                if (now->state != RULE_MISSING || !x || x->state != RULE_OK)
                        continue;
                x->state = RULE_MISSING;
                record_tell(x, now->why.kind, now->message, now->why.about);
        }
        r->n_devices = n;
}

/* A virtual function that was given a type has none any more. */
static void check_type(const struct plan *plan, struct record_device *d)
{
        size_t at = facts_find(plan->facts, d->address);
        const struct rule *rule = config_find(plan->config, d->rule);
        const struct device *is = at == NO_DEVICE ? NULL : &plan->facts->devices[at];

        if (!is || !rule || !rule->vgpu || rule->sriov || !is->parent || !is->vgpu || device_is_vgpu(is) ||
            !record_device_taken(d))
                return;
        record_say(d, REASON_OTHER, "it was made a virtual GPU at boot and is none now", NULL);
        d->state = STATE_FAILED;
}

/* What of the boot's outcome does not hold any more, or says why a rule is not as it was to be. */
static void judge_devices(struct arena *a, const struct plan *plan, struct record *r)
{
        forget_unplugged(plan, r);
        for (size_t i = 0; i < r->n_devices; i++) {
                struct record_device *d = &r->devices[i];
                struct record_rule *rule = record_find(r, d->rule);

                check_live(a, plan->facts, r, d);
                check_type(plan, d);
                if (rule && rule->state == RULE_SKIPPED && d->state == STATE_NONE)
                        d->state = STATE_SKIPPED;
                if (rule && (d->state == STATE_FAILED || d->state == STATE_BEGUN) && rule->state == RULE_OK) {
                        rule->state = RULE_FAILED;
                        record_tell(rule, REASON_OF_DEVICE, arena_join(a, d->address, ": ", d->reason, NULL),
                                    d->address);
                }
        }
        for (size_t i = 0; i < r->n_rules; i++) {
                const struct record_device *of = record_rule_carrier(r, &r->rules[i]);

                if (!of || r->rules[i].state != RULE_OK || record_device_taken(of))
                        continue;
                r->rules[i].state = RULE_FAILED;
                record_tell(&r->rules[i], REASON_OF_DEVICE,
                            arena_join(a, of->address, ", which its devices are below: ", of->reason, NULL),
                            of->address);
        }
}

/* What is wrong with a rule is known without a record. */
static void add_invalid(struct arena *a, const struct plan *plan, struct record *r)
{
        for (size_t i = 0; i < plan->config->n_rules; i++)
                if (plan->config->rules[i].invalid)
                        add_rule(a, r, &plan->config->rules[i], RULE_INVALID,
                                 reason_say(REASON_OTHER, plan->config->rules[i].message));
}

/* "2 of 3 virtual GPUs are there", and why, as far as somebody has looked. */
static const char *fewer_vgpus(struct arena *a, const struct plan *plan, size_t rule)
{
        const char *fewer = vgpu_fewer(plan, rule, a), *why = NULL;

        for (size_t i = 0; fewer && plan->vgpu && i < plan->vgpu->n_parents && !why; i++) {
                const struct vgpu_parent *x = &plan->vgpu->parents[i];

                if (plan->entries[x->entry].rule != rule)
                        continue;
                why = x->refused ? x->refused
                      : x->fewer ? x->fewer
                      : x->waits ? arena_join(a, "the rule waits for ", x->waits, NULL)
                                 : NULL;
        }
        return why ? arena_join(a, fewer, ": ", why, NULL) : fewer;
}

/* Who was to make them may never have come to it. */
static void look_for_functions(struct arena *a, const struct plan *plan, struct record *r)
{
        for (size_t i = 0; i < plan->config->n_rules; i++) {
                struct record_rule *x = record_find(r, plan->config->rules[i].name);
                const char *fewer = x && x->state == RULE_OK ? sriov_fewer(plan, i, a) : NULL;

                if (!fewer && x && x->state == RULE_OK)
                        fewer = fewer_vgpus(a, plan, i);
                if (!fewer)
                        continue;
                x->state = RULE_FAILED;
                record_tell(x, REASON_OTHER, fewer, NULL);
        }
}

static void find_users(const struct root *root, struct arena *a, const struct facts *facts, struct status *s)
{
        s->now_us = root->live ? act_now() : 0;
        s->users = arena_alloc(a, s->record.n_devices * sizeof(*s->users));
        for (size_t i = 0; i < s->record.n_devices; i++) {
                const struct record_device *d = &s->record.devices[i];
                size_t at = facts_find(facts, d->address);

                if (at != NO_DEVICE && d->stage == STAGE_DEMAND && record_device_taken(d))
                        s->users[i] = facts->devices[at].vfio_user;
        }
}

int status_build(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                 struct arena *a, const struct plan *plan, const struct plan *now, struct status *ret)
{
        struct status s = {.satisfied = true, .off_by = plan->facts->off_by};
        int k = record_read(root, a, &s.record);

        if (k == RECFILE_MALFORMED) {
                *ret = (struct status){};
                add_invalid(a, plan, &ret->record);
        }
        if (k != 0 && k != RECFILE_ABSENT)
                return k;
        s.ran = k == 0;
        k = 0;
        compare_config(a, plan, now, &s.record);
        add_skipped(a, plan, &s.record);
        if (!plan->facts->in_initrd)
                look_for_functions(a, plan, &s.record);
        judge_devices(a, plan, &s.record);
        find_kept_out(root, a, plan->facts, &s);
        find_vgpus(a, plan->facts, &s);
        if (now)
                find_users(root, a, now->facts, &s);
        for (size_t i = 0; i < s.record.n_rules; i++) {
                const struct rule *rule = config_find(plan->config, s.record.rules[i].name);

                /* A rule that is meant for another machine is no fault of this one. */
                if (s.record.rules[i].state != RULE_IDLE &&
                    (!rule || !plan->rules[rule - plan->config->rules].elsewhere))
                        s.satisfied &= record_satisfied(&s.record, &s.record.rules[i]);
        }
        if (!plan->facts->in_initrd)
                k = compare_images(loaders, makers, root, a, plan, &s);
        trial_read(root, a, &s.trial);
        s.trial_here = trial_is_here(root, a, &s.trial);
        if (k == 0)
                *ret = s;
        return k;
}
