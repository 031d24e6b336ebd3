/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/plan.h"

#include <stdlib.h>

#include "base/str.h"
#include "facts/match.h"
#include "plan/planner.h"

const char *const action_names[ACTION_MAX_] = {"bind", "refuse", "keep"};
const char *const rule_state_names[RULE_STATE_MAX_] = {"ok",      "refused", "missing", "invalid",
                                                       "skipped", "failed",  "pending", "idle"};

static void initial_states(struct planner *p)
{
        for (size_t i = 0; i < p->config->n_rules; i++) {
                const struct rule *rule = &p->config->rules[i];
                struct plan_rule *state = &p->plan->rules[i];
                enum tristate here = match_machine(rule, p->facts);

                *state = (struct plan_rule){.state = RULE_OK, .message = "", .below = NO_ENTRY};
                if (rule->invalid) {
                        state->state = RULE_INVALID;
                        state->message = rule->message;
                } else if (here == NO || (here == UNKNOWN && rule->driver != DRIVER_NATIVE)) {
                        /* Where it cannot be told who the machine is, what a rule keeps may be its own to keep. */
                        state->state = RULE_SKIPPED;
                        state->message = here == NO ? "Host=, Product= or MachineTag= names another machine"
                                                    : "Host=, Product= or MachineTag= cannot be compared: this "
                                                      "machine's is unknown";
                        state->elsewhere = true;
                } else if (p->facts->off) {
                        state->state = RULE_SKIPPED;
                        state->message = arena_printf(p->arena, "%s on the kernel command line", p->facts->off_by);
                        state->why.kind = REASON_OFF;
                } else if (match_is_skipped(&p->facts->skip, rule->name)) {
                        state->state = RULE_SKIPPED;
                        state->message = "passthrough.skip= on the kernel command line";
                }
        }
}

/*
 * A rule with a device refused is refused as a whole in its state, though its other devices may go. Its message is the
 * first refusal that is no consequence of another.
 */
static void final_states(struct planner *p)
{
        for (int derived = 0; derived <= 1; derived++)
                for (size_t i = 0; i < p->plan->n_entries; i++) {
                        const struct plan_entry *e = &p->plan->entries[i];
                        struct plan_rule *state = &p->plan->rules[e->rule];

                        if (e->action != ACTION_REFUSE || state->state == RULE_REFUSED || e->kind == REASON_IMPOSTOR ||
                            e->derived != (bool)derived)
                                continue;
                        state->state = RULE_REFUSED;
                        state->device = entry_device(p, e)->address;
                        state->why = plan_reason(e);
                        state->message = arena_join(p->arena, state->device, ": ", e->reason, NULL);
                }
        for (size_t r = 0; r < p->config->n_rules; r++) {
                struct plan_rule *state = &p->plan->rules[r];
                const struct plan_entry *e = state->below == NO_ENTRY ? NULL : &p->plan->entries[state->below];

                if (!e || e->action != ACTION_REFUSE || state->state != RULE_OK)
                        continue;
                state->state = RULE_REFUSED;
                state->message = arena_join(p->arena, "its device is below ", entry_device(p, e)->address,
                                            ", which is refused", NULL);
        }
}

static int compare_entries(const void *a, const void *b)
{
        const struct plan_entry *x = a, *y = b;

        return (x->device > y->device) - (x->device < y->device);
}

const struct plan_entry *plan_find(const struct plan *plan, size_t device)
{
        struct plan_entry key = {.device = device};

        return plan->n_entries > 0
                       ? bsearch(&key, plan->entries, plan->n_entries, sizeof(*plan->entries), compare_entries)
                       : NULL;
}

size_t plan_initrd_ops(const struct plan *plan)
{
        size_t n = 0;

        while (n < plan->ops.n && plan->ops.v[n].stage == STAGE_INITRD)
                n++;
        return n;
}

/* By device; what entries say of each other moves along. */
static void sort_entries(struct planner *p)
{
        struct plan *plan = p->plan;
        size_t *order = arena_alloc(p->arena, plan->n_entries * sizeof(*order)); /* by entry: its device */

        for (size_t i = 0; i < plan->n_entries; i++)
                order[i] = plan->entries[i].device;
        if (plan->n_entries > 0)
                qsort(plan->entries, plan->n_entries, sizeof(*plan->entries), compare_entries);
        for (size_t i = 0; i < plan->n_entries; i++)
                p->entry_of[plan->entries[i].device] = i;
        for (size_t i = 0; i < plan->n_entries; i++) {
                struct plan_entry *e = &plan->entries[i];

                e->leader = e->leader == NO_ENTRY ? NO_ENTRY : p->entry_of[order[e->leader]];
                e->below = e->below == NO_ENTRY ? NO_ENTRY : p->entry_of[order[e->below]];
        }
        for (size_t r = 0; r < p->config->n_rules; r++)
                if (plan->rules[r].below != NO_ENTRY)
                        plan->rules[r].below = p->entry_of[order[plan->rules[r].below]];
}

void planner_run(const struct config *config, const struct facts *facts, const size_t *asked, size_t n_matching,
                 struct arena *a, struct plan *ret)
{
        struct plan plan = {.config = config, .facts = facts};
        struct planner p = {
                .config = config, .facts = facts, .arena = a, .plan = &plan, .asked = asked, .n_matching = n_matching};
        static void (*const steps[])(struct planner *) = {
                initial_states,     planner_guard,       planner_identify,   planner_match,    planner_expect,
                planner_companions, planner_controllers, planner_stages,     planner_refusals, planner_skipped,
                final_states,       sort_entries,        planner_operations,
        };

        plan.rules = arena_alloc(a, config->n_rules * sizeof(*plan.rules));
        p.entry_of = arena_alloc(a, facts->n_devices * sizeof(*p.entry_of));
        for (size_t i = 0; i < facts->n_devices; i++)
                p.entry_of[i] = NO_ENTRY;

        for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
                steps[i](&p);
        *ret = plan;
}

void plan_build(const struct config *config, const struct facts *facts, struct arena *a, struct plan *ret)
{
        planner_run(config, facts, NULL, config->n_rules, a, ret);
}
