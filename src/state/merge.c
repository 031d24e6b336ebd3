/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/merge.h"

#include <stdio.h>

#include "base/str.h"

struct record_device record_device_of(const struct plan *plan, size_t entry, const struct result *result)
{
        const struct plan_entry *e = &plan->entries[entry];
        const struct device *d = &plan->facts->devices[e->device];
        const char *text;
        struct record_device x = {
                .rule = plan->config->rules[e->rule].name,
                .bus = d->bus->syntax->name,
                .address = d->address,
                .id = d->id,
                .class = d->class,
                .action = e->action,
                .driver = e->driver ? e->driver : "",
                .stage = e->stage,
                .state = e->action == ACTION_REFUSE ? STATE_REFUSED : result->state,
                .from = result->from ? result->from : "",
                .group = d->group,
                .serial = d->marks[MARK_SERIAL],
                .at_us = result->at_us,
                .below = e->action == ACTION_BIND && e->below != NO_ENTRY
                                 ? plan->facts->devices[plan->entries[e->below].device].address
                                 : "",
        };

        text = result->state == STATE_FAILED ? result->error : result->left;
        record_say(&x, text ? REASON_OTHER : e->kind, text ? text : e->reason, text ? NULL : e->about);
        if (result->state != STATE_NONE)
                x.back = e->back;
        return x;
}

/* Plans and records have devices in the same order: the next is most often behind the last. */
static struct record_device *find_near(const struct record *r, const char *address, size_t *near)
{
        for (size_t i = 0; i < r->n_devices; i++) {
                size_t at = *near + i;

                at -= at < r->n_devices ? 0 : r->n_devices;
                if (streq(r->devices[at].address, address)) {
                        *near = at + 1 < r->n_devices ? at + 1 : 0;
                        return &r->devices[at];
                }
        }
        return NULL;
}

/* Another may sit at the address than the one that was taken. */
static bool is_same(const struct record_device *x, const struct plan *plan, size_t entry)
{
        return record_device_is(x, &plan->facts->devices[plan->entries[entry].device]);
}

/*
 * What an earlier stage has tried keeps its line, unless it is tried again: when and from whom is history. What it has
 * begun stays that until somebody tells how it ended.
 */
static struct record_device *merge_device(struct record *r, struct arena *a, const struct plan *plan, size_t entry,
                                          const struct result *result, size_t *near)
{
        struct record_device new = record_device_of(plan, entry, result), *x = find_near(r, new.address, near);

        /* Whatever the plan says of it now: whoever gives it back has to find it. */
        if (x && record_device_taken(x) && result->state != STATE_FAILED && is_same(x, plan, entry))
                return x;
        if (x && x->state != STATE_NONE && result->state == STATE_NONE && new.action == ACTION_BIND && !*new.below)
                return x;
        if (x && x->state == STATE_BEGUN && is_same(x, plan, entry)) {
                if (result->state == STATE_NONE)
                        return x;
                new.back = x->back;
                if (new.state == STATE_BOUND && x->from[0])
                        new.state = STATE_LATE;
                if (new.state == STATE_BEGUN || new.state == STATE_LATE)
                        new.from = x->from[0] ? x->from : new.from;
        }
        if (!x)
                x = arena_grow(a, &r->devices, r->n_devices++, sizeof(*r->devices));
        *x = new;
        return x;
}

void record_rule_of(const struct plan *plan, size_t i, struct record_rule *ret)
{
        const struct rule *rule = &plan->config->rules[i];
        const struct plan_rule *state = &plan->rules[i];

        ret->name = rule->name;
        ret->file = rule->file;
        ret->state = state->state;
        ret->digest = rule->digest;
        ret->required = rule->required;
        ret->below = state->below == NO_ENTRY ? "" : plan->facts->devices[plan->entries[state->below].device].address;
        record_tell(ret, state->device ? REASON_OF_DEVICE : state->why.kind, state->message,
                    state->device ? state->device : state->why.about);
}

static void merge_rule(struct record *r, struct arena *a, const struct plan *plan, size_t i)
{
        record_rule_of(plan, i, record_rule_for(r, a, plan->config->rules[i].name));
}

static void add_op(struct record *r, struct arena *a, const struct op *op)
{
        struct record_op *x = arena_grow(a, &r->ops, r->n_ops++, sizeof(*r->ops));

        *x = (struct record_op){op->kind, op->target, op->value, op->why, op->stage};
}

/* Among the first n. */
static bool has_op(const struct record *r, size_t n, const struct op *op)
{
        for (size_t i = 0; i < n; i++)
                if (r->ops[i].op == op->kind && streq(r->ops[i].target, op->target) &&
                    streq(r->ops[i].value, op->value))
                        return true;
        return false;
}

/* The first stage records what the whole boot is to do; a later one what it found to do in its own place. */
static size_t merge_ops(struct record *r, struct arena *a, const struct plan *plan, enum stage stage, const char *rule)
{
        size_t n = 0;

        for (size_t i = 0; i < r->n_ops; i++)
                if (rule || r->ops[i].stage != stage)
                        r->ops[n++] = r->ops[i];
        r->n_ops = n;
        for (size_t i = 0; i < plan->ops.n; i++) {
                const struct op *op = &plan->ops.v[i];

                if (rule ? streq(plan->config->rules[plan->entries[op->entry].rule].name, rule) && !has_op(r, n, op)
                         : stage == STAGE_INITRD || op->stage == stage)
                        add_op(r, a, op);
        }
        return n;
}

/* Or was to be: a unit does not undo it, however far it got. */
static bool released(const struct record_device *d)
{
        return d->action == ACTION_KEEP && (d->state == STATE_SKIPPED || d->state == STATE_FAILED);
}

/* As long as one of its devices is with the host by hand, a rule is not what it was to be. */
static void skip_released(struct arena *a, struct record_rule *rule, const struct record_device *d)
{
        if (!rule || !d || !released(d) || rule->state != RULE_OK)
                return;
        rule->state = RULE_SKIPPED;
        record_tell(rule, REASON_OF_DEVICE,
                    arena_printf(a, "%s was given back by hand; \"passthroughctl bind %s\" takes it again", d->address,
                                 d->rule),
                    d->address);
}

static void keep_released(struct record *r, struct arena *a)
{
        record_follow(r, a);
        for (size_t i = 0; i < r->n_devices; i++)
                skip_released(a, record_find(r, r->devices[i].rule), record_carrier(r, &r->devices[i]));
        for (size_t i = 0; i < r->n_rules; i++)
                skip_released(a, &r->rules[i], record_rule_carrier(r, &r->rules[i]));
}

/* What no boot takes is in no boot's record until its service takes it. */
static bool is_meant(const struct plan *plan, size_t i, const char *rule)
{
        const struct rule *x = &plan->config->rules[i];

        return rule ? streq(x->name, rule) : !rule_on_demand(x);
}

size_t record_merge(struct record *record, struct arena *a, const struct plan *plan, const struct result *results,
                    enum stage stage, const char *rule)
{
        size_t near = 0;

        for (size_t i = 0; i < plan->config->n_rules; i++)
                if (!plan->rules[i].elsewhere && is_meant(plan, i, rule))
                        merge_rule(record, a, plan, i);
        for (size_t i = 0; i < plan->n_entries; i++)
                if (is_meant(plan, plan->entries[i].rule, rule))
                        merge_device(record, a, plan, i, &results[i], &near);
        keep_released(record, a);
        return merge_ops(record, a, plan, stage, rule);
}

void record_begin(const struct record *record, struct plan *plan, const bool *chosen, struct result *results)
{
        size_t near = 0;

        for (size_t i = 0; i < plan->n_entries; i++) {
                struct plan_entry *e = &plan->entries[i];
                const struct device *d = &plan->facts->devices[e->device];
                const struct record_device *x;

                if (!chosen[i] || e->action != ACTION_BIND || e->below != NO_ENTRY)
                        continue;
                x = find_near(record, d->address, &near);
                x = x && record_device_held(x) && record_device_is(x, d) ? x : NULL;
                if (x && x->back.n > 0)
                        e->back = x->back;
                results[i] = (struct result){.state = STATE_BEGUN,
                                             .from = streq_ptr(d->driver, e->driver) ? NULL : d->driver,
                                             .resumed = x && x->state == STATE_BEGUN};
        }
}

void record_end(struct record *record, struct arena *a, const struct plan *plan, const bool *chosen,
                struct result *results, struct record *what)
{
        size_t near = 0;

        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                struct record_device *x;
                bool untried = results[i].state == STATE_BEGUN;

                if (!chosen[i] || e->action != ACTION_BIND)
                        continue;
                if (untried)
                        results[i].state = STATE_NONE;
                x = merge_device(record, a, plan, i, &results[i], &near);
                if (untried && !results[i].resumed && x->state == STATE_BEGUN) {
                        x->state = STATE_NONE;
                        x->from = "";
                }
                if (e->below == NO_ENTRY)
                        record_add_outcome(what, a, x, streq(x->reason, e->reason) ? "" : x->reason);
        }
        keep_released(record, a);
}

/* What was at the address before, unless that is what is begun now. */
static void forget(struct record *r, const char *address)
{
        size_t n = 0;

        for (size_t i = 0; i < r->n_devices; i++)
                if (!streq(r->devices[i].address, address) || r->devices[i].state == STATE_BEGUN)
                        r->devices[n++] = r->devices[i];
        r->n_devices = n;
}

void record_merge_chosen(struct record *record, struct arena *a, const struct plan *plan, const struct result *results,
                         const bool *chosen, size_t entry)
{
        const struct plan_entry *e = &plan->entries[entry];
        const struct rule *rule = &plan->config->rules[e->rule];
        const struct record_rule *known = record_find(record, rule->name);
        size_t near = 0;

        forget(record, plan->facts->devices[e->device].address);
        if (!known || !record_satisfied(record, known))
                merge_rule(record, a, plan, e->rule);
        for (size_t i = 0; i < plan->n_entries; i++)
                if (chosen[i])
                        merge_device(record, a, plan, i, &results[i], &near);
        for (size_t i = 0; i < plan->ops.n; i++)
                if (!has_op(record, record->n_ops, &plan->ops.v[i]))
                        add_op(record, a, &plan->ops.v[i]);
        keep_released(record, a);
}

void record_arrived(struct record *record, struct arena *a, const struct plan *plan, size_t entry)
{
        const struct plan_entry *e = &plan->entries[entry];
        const struct rule *rule = &plan->config->rules[e->rule];
        size_t n = 0;

        for (size_t i = 0; i < record->n_devices; i++)
                if (!streq(record->devices[i].rule, rule->name) ||
                    facts_find(plan->facts, record->devices[i].address) != NO_DEVICE)
                        record->devices[n++] = record->devices[i];
        record->n_devices = n;
        merge_rule(record, a, plan, e->rule);
        keep_released(record, a);
}

struct record_device record_released(const struct device *d, const char *rule, const struct result *result)
{
        return (struct record_device){
                .rule = rule,
                .bus = d->bus->syntax->name,
                .address = d->address,
                .id = d->id,
                .class = d->class,
                .action = result->state == STATE_REFUSED ? ACTION_REFUSE : ACTION_KEEP,
                .driver = result->now ? result->now : "",
                .stage = STAGE_ROOT,
                .reason = result->error  ? result->error
                          : result->left ? result->left
                                         : "given back by hand",
                .state = result->state,
                .from = "",
                .group = d->group,
                .serial = d->marks[MARK_SERIAL],
                .at_us = result->at_us,
        };
}

void record_release(struct record *record, struct arena *a, const struct plan *plan, const char *rule, size_t device,
                    const struct result *result)
{
        const struct device *d = &plan->facts->devices[device];
        const struct rule *now = record_find(record, rule) ? NULL : config_find(plan->config, rule);
        struct record_rule *r = record_rule_for(record, a, rule);

        *record_device_at(record, a, d->address) = record_released(d, rule, result);
        if (now) {
                r->file = now->file;
                r->digest = now->digest;
        }
        r->state = RULE_OK;
        record_tell(r, REASON_OTHER, "", NULL);
        keep_released(record, a);
}

/* What was done on demand, and nothing of it is left. */
static void forget_ops(struct record *record)
{
        size_t n = 0;

        for (size_t i = 0; i < record->n_devices; i++)
                if (record->devices[i].stage == STAGE_DEMAND)
                        return;
        for (size_t i = 0; i < record->n_ops; i++)
                if (record->ops[i].stage != STAGE_DEMAND)
                        record->ops[n++] = record->ops[i];
        record->n_ops = n;
}

void record_forget(struct record *record, struct arena *a, const char *rule)
{
        struct record_device *devices = arena_alloc(a, record->n_devices * sizeof(*devices));
        size_t n = 0, held = 0;

        for (size_t i = 0; i < record->n_devices; i++) {
                const struct record_device *d = &record->devices[i];
                bool of_rule = streq(d->rule, rule);

                if (of_rule && !record_device_held(record_carrier(record, d)))
                        continue;
                held += of_rule;
                devices[n++] = *d;
        }
        record->devices = devices;
        record->n_devices = n;
        n = 0;
        for (size_t i = 0; i < record->n_rules; i++)
                if (held > 0 || !streq(record->rules[i].name, rule))
                        record->rules[n++] = record->rules[i];
        record->n_rules = n;
        forget_ops(record);
}

/* ---- huge pages ----------------------------------------------------------------------------------------------------
 */

static bool same(const struct record_pool *x, const struct huge_entry *e)
{
        char node[16] = "";

        if (e->by_node)
                snprintf(node, sizeof(node), "%u", e->node);
        return streq(x->size, e->size) && streq(x->node, node) && x->asked == e->asked;
}

const struct record_pool *record_find_pool(const struct record *record, const struct huge_entry *e)
{
        for (size_t i = 0; i < record->n_pools; i++)
                if (same(&record->pools[i], e))
                        return &record->pools[i];
        return NULL;
}

static struct record_pool pool_of(struct arena *a, const struct huge_entry *e, const struct huge_result *r,
                                  enum stage stage)
{
        struct record_pool x = {
                .size = e->size,
                .node = e->by_node ? arena_printf(a, "%u", e->node) : "",
                .state = e->action == HUGE_REFUSE ? POOL_REFUSED : POOL_RESERVED,
                .stage = stage,
                .reason = e->reason,
                .asked = e->asked,
                .got = e->action == HUGE_WRITE ? r->got : e->there,
                .at_us = r->at_us,
        };

        if (e->action != HUGE_WRITE)
                return x;
        if (!r->known || r->got < e->asked)
                x.state = POOL_SHORT;
        x.reason = r->error < 0 ? arena_printf(a, "writing %s to %s: %s", e->value, e->target, strerror(-r->error))
                   : !r->known  ? "how many there are cannot be read"
                   : r->got < e->asked ? "the kernel found no more memory for them in one piece"
                                       : "";
        return x;
}

/* Behind the operations of the initrd, before those of later stages. */
static void add_pool_op(struct record *record, struct arena *a, const struct huge_entry *e, enum stage stage)
{
        struct record_op *x = arena_grow(a, &record->ops, record->n_ops++, sizeof(*record->ops));

        for (; stage == STAGE_INITRD && x > record->ops && x[-1].stage != stage; x--)
                *x = x[-1];
        *x = (struct record_op){OP_WRITE, e->target, e->value, e->reason, stage};
}

void record_merge_pools(struct record *record, struct arena *a, const struct huge_plan *plan,
                        const struct huge_result *results, enum stage stage)
{
        struct record_pool *pools = arena_alloc(a, plan->n * sizeof(*pools));
        size_t n = 0;

        for (size_t i = 0; i < plan->n; i++) {
                const struct huge_entry *e = &plan->entries[i];
                const struct record_pool *known = record_find_pool(record, e);

                /* Who reserved them, and when, is history. */
                if (known && (e->action == HUGE_SKIP || (e->action == HUGE_KEEP && known->state == POOL_RESERVED)))
                        pools[n++] = *known;
                else if (e->action != HUGE_SKIP)
                        pools[n++] = pool_of(a, e, &results[i], stage);
                if (e->action == HUGE_WRITE)
                        add_pool_op(record, a, e, stage);
        }
        record->pools = pools;
        record->n_pools = n;
}
