/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a rule has matched as many devices as it expects. */
#include "base/str.h"
#include "facts/match.h"
#include "plan/planner.h"

static const char *expected(const struct planner *p, const struct rule *rule)
{
        if (rule->expect_max == UINT32_MAX)
                return arena_printf(p->arena, "%u-", rule->expect_min);
        if (rule->expect_max != rule->expect_min)
                return arena_printf(p->arena, "%u-%u", rule->expect_min, rule->expect_max);
        return arena_printf(p->arena, "%u", rule->expect_min);
}

#define PATHS_IN_MESSAGE 16

/* The line of [Match] that names it alone: "Path=..."; of a port, that of the device that it is on. */
static const char *line_for(const struct planner *p, const struct device *d)
{
        size_t on = d->bus->syntax->on_others && d->below ? facts_find(p->facts, d->below) : NO_DEVICE;

        if (d->bus->syntax->on_others && on == NO_DEVICE)
                return arena_join(p->arena, "Port=", d->address, NULL);
        return arena_join(p->arena, "Path=", on == NO_DEVICE ? d->path : p->facts->devices[on].path, NULL);
}

/* Ports of one device, which no line tells apart. */
static bool are_on_one(const struct planner *p, size_t rule)
{
        const char *on = NULL;

        for (size_t i = 0; i < p->plan->n_entries; i++) {
                const struct device *d = entry_device(p, &p->plan->entries[i]);

                if (p->plan->entries[i].rule != rule)
                        continue;
                if (!d->bus->syntax->on_others || !d->below || (on && !streq(on, d->below)))
                        return false;
                on = d->below;
        }
        return on;
}

/* More devices than the rule expects: none is taken, and each is shown with the line that would name it alone. */
static void too_many(struct planner *p, size_t rule)
{
        struct plan_rule *state = &p->plan->rules[rule];
        const char *expect = expected(p, &p->config->rules[rule]), *paths = "", *matches;
        bool one = are_on_one(p, rule);
        size_t shown = 0;

        for (size_t i = 0; i < p->plan->n_entries; i++) {
                struct plan_entry *e = &p->plan->entries[i];
                const struct device *d = entry_device(p, e);
                struct reason why = {};

                if (e->rule != rule || d->roles & ROLE_BRIDGE)
                        continue;
                /* One of two like disks may be the root's: that is no choice to offer. */
                if (planner_needed(p, e, &why)) {
                        planner_refuse_for(e, why.kind, why.text, why.about, why.more);
                        continue;
                }
                if (shown++ < PATHS_IN_MESSAGE)
                        paths = arena_join(p->arena, paths, " ", line_for(p, d), NULL);
                if (e->action != ACTION_BIND)
                        continue;
                if (one)
                        planner_refuse(p, e, REASON_SURPLUS, arena_printf(p->arena, "Expect=%zu", state->n_matched),
                                       "the rule matches %zu ports of %s and Expect= is %s; Expect=%zu takes them all",
                                       state->n_matched, d->below, expect, state->n_matched);
                else
                        planner_refuse(p, e, REASON_SURPLUS, line_for(p, d),
                                       "the rule matches %zu devices and Expect= is %s; to name this one: %s",
                                       state->n_matched, expect, line_for(p, d));
        }
        state->state = RULE_REFUSED;
        matches = arena_printf(p->arena, "matches %zu devices and Expect= is %s", state->n_matched, expect);
        state->message = one && shown > 0
                                 ? arena_printf(p->arena, "%s; they are ports of one device: Expect=%zu takes them all",
                                                matches, state->n_matched)
                                 : arena_join(p->arena, matches, "; ",
                                              shown > 0 ? "name the one that is meant:" : "the host needs them all",
                                              paths, shown > PATHS_IN_MESSAGE ? " ..." : "", NULL);
        state->why.kind = REASON_TOO_MANY;
        state->why.about = matches;
}

/* "; 10-host decides 0000:01:00.0" for the first device that an earlier rule has taken from this one. */
static const char *shadowed_by(const struct planner *p, size_t rule)
{
        const struct plan *plan = p->plan;

        for (size_t i = 0; i < plan->n_shadows; i++)
                if (plan->shadows[i].rule == rule) {
                        const char *text = arena_printf(p->arena, "; rule %s decides %s",
                                                        p->config->rules[plan->shadows[i].by].name,
                                                        p->facts->devices[plan->shadows[i].device].address);
                        return text ? text : "";
                }
        return "";
}

void planner_expect(struct planner *p)
{
        for (size_t r = 0; r < p->config->n_rules; r++) {
                struct plan_rule *state = &p->plan->rules[r];
                const struct rule *rule = &p->config->rules[r];
                const char *expect, *lost, *by;

                if (state->state != RULE_OK || match_machine(rule, p->facts) != YES)
                        continue;
                if (state->n_matched > rule->expect_max) {
                        too_many(p, r);
                } else if (state->n_matched < rule->expect_min &&
                           state->n_matched + planner_hidden(p, rule, &state->below) >= rule->expect_min) {
                        state->message = arena_join(p->arena, "its device goes along with ",
                                                    entry_device(p, &p->plan->entries[state->below])->address,
                                                    ", which it is below; it does not show now", NULL);
                } else if (state->n_matched < rule->expect_min) {
                        state->below = NO_ENTRY;
                        expect = expected(p, rule);
                        lost = planner_lost_of(p, rule);
                        state->state = RULE_MISSING;
                        by = shadowed_by(p, r);
                        state->message = arena_printf(p->arena, "matches %zu devices and Expect= is %s%s%s",
                                                      state->n_matched, expect, by, lost);
                        state->why.kind = state->n_matched > 0 ? REASON_OTHER
                                          : *by                ? REASON_NONE_LEFT
                                                               : REASON_NONE_HERE;
                        state->why.about = lost;
                }
        }
}
