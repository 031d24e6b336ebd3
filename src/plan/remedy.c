/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/remedy.h"

#include "base/str.h"

struct trying {
        const struct plan *plan;
        size_t rule;
        struct arena *arena;
        struct remedy *ret;
};

/* The config with a place in front and one behind for a rule that it does not have. */
static struct config *with_places(const struct trying *x)
{
        const struct config *own = x->plan->config;
        struct config *config = arena_alloc(x->arena, sizeof(*config));

        *config = *own;
        config->rules = arena_alloc(x->arena, (own->n_rules + 2) * sizeof(*config->rules));
        memcpy(++config->rules, own->rules, own->n_rules * sizeof(*own->rules));
        return config;
}

/* A rule for these devices alone. */
static struct rule rule_for(const struct trying *x, const char *name, const size_t *devices, size_t n)
{
        struct words *addresses;
        struct rule rule = RULE_INIT;

        rule.name = name;
        rule.file = rule.message = "";
        rule.bus = x->plan->config->rules[x->rule].bus;
        rule.expect_min = rule.expect_max = (uint32_t)n;
        addresses = &rule.match[MATCH_ADDRESS];
        for (size_t i = 0; i < n; i++)
                str_add(x->arena, &addresses->v, &addresses->n, x->plan->facts->devices[devices[i]].address);
        return rule;
}

/* The rule is ok in a plan of that config, and who was ok still is; shift: how many rules stand in front more. */
static bool is_better(const struct trying *x, const struct config *config, size_t shift, struct plan *ret)
{
        plan_build(config, x->plan->facts, x->arena, ret);
        for (size_t r = 0; r < x->plan->config->n_rules; r++)
                if ((r == x->rule || x->plan->rules[r].state == RULE_OK) && ret->rules[r + shift].state != RULE_OK)
                        return false;
        return true;
}

/* The plan of the config that the remedy makes; whether it is better. */
static bool helps(const struct trying *x, const struct remedy *r, struct plan *ret)
{
        struct config *config = with_places(x);
        struct rule *rule = &config->rules[x->rule];
        size_t shift = r->n_devices > 0;

        rule->group = r->complete ? GROUP_COMPLETE : rule->group;
        rule->allow_boot_display |= r->display;
        if (r->expect > 0)
                rule->expect_min = rule->expect_max = r->expect;
        if (shift > 0) {
                config->rules--;
                config->n_rules++;
                config->rules[0] = rule_for(x, r->name, r->devices, r->n_devices);
                config->rules[0].driver = DRIVER_NATIVE;
        }
        return is_better(x, config, shift, ret);
}

static bool try(const struct trying *x, const struct remedy *r)
{
        struct plan plan;

        if (!helps(x, r, &plan))
                return false;
        *x->ret = *r;
        x->ret->found = true;
        return true;
}

/* The group, the boot display, or both: what only a person may give away. */
static bool try_settings(const struct trying *x)
{
        const struct plan *plan = x->plan;
        const struct rule *rule = &plan->config->rules[x->rule];
        bool company = false, display = false;
        struct remedy r = {};

        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];

                if (e->rule != x->rule || e->action != ACTION_REFUSE)
                        continue;
                company |= reason_is_company(e->kind);
                display |= plan->facts->devices[e->device].roles & ROLE_DISPLAY || e->kind == REASON_FOREIGN;
        }
        company &= rule->group != GROUP_COMPLETE;
        display &= !rule->allow_boot_display;
        if (company) {
                struct plan with;

                r.complete = true;
                if (helps(x, &r, &with)) {
                        *x->ret = r;
                        x->ret->found = true;
                        return true;
                }
                x->ret->with_group = with;
        }
        r.complete = false;
        r.display = true;
        if (display && try(x, &r))
                return true;
        r.complete = true;
        return display && rule->group != GROUP_COMPLETE && try(x, &r);
}

/* A name that comes before the rule's, and that no other rule has. */
static const char *first_name(const struct trying *x)
{
        static const char *const names[] = {"10-host", "00-host", "00-0-host", "0-host"};
        const struct config *config = x->plan->config;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(names[i], config->rules[x->rule].name) < 0 && !config_find(config, names[i]))
                        return names[i];
        return NULL;
}

/* What the host needs of the devices of a rule that could have others: these go to the host by a rule of their own. */
static void try_giving(const struct trying *x)
{
        const struct plan *plan = x->plan;
        struct remedy r = {.name = first_name(x)};
        size_t n_matched = 0;

        r.devices = arena_alloc(x->arena, plan->n_entries * sizeof(*r.devices));
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];

                if (e->rule != x->rule || e->leader != NO_ENTRY || e->kind == REASON_FOREIGN ||
                    e->kind == REASON_IMPOSTOR)
                        continue;
                n_matched++;
                if (e->action == ACTION_REFUSE && REASON_REFUSAL(e->kind) == REFUSAL_HOST && !e->derived)
                        r.devices[r.n_devices++] = e->device;
        }
        if (!r.name || r.n_devices == 0 || r.n_devices == n_matched || try(x, &r))
                return;
        r.expect = (uint32_t)(n_matched - r.n_devices);
        try(x, &r);
}

struct remedy remedy_find(const struct plan *plan, size_t rule, struct arena *a)
{
        struct remedy ret = {};
        const struct trying x = {plan, rule, a, &ret};

        if (!try_settings(&x))
                try_giving(&x);
        return ret;
}

bool remedy_is_added(const struct plan *plan, size_t rule, size_t device, struct arena *a)
{
        const struct trying x = {.plan = plan, .rule = rule, .arena = a};
        struct config *config = with_places(&x);
        struct plan then;

        config->rules[config->n_rules++] = rule_for(&x, "remedy", &device, 1);
        return is_better(&x, config, 0, &then);
}

const char *remedy_settings(const struct remedy *remedy)
{
        return remedy->complete && remedy->display ? "IOMMUGroup=complete and AllowBootDisplay=yes"
               : remedy->complete                  ? "IOMMUGroup=complete"
               : remedy->display                   ? "AllowBootDisplay=yes"
                                                   : NULL;
}
