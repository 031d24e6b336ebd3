/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/remedy.h"

#include "base/str.h"

struct trying {
        const struct plan *plan;
        size_t rule;
        struct arena *arena;
        struct remedy *ret;
};

/* The config that the remedy makes, and the plan of it; whether the rule is ok there. */
static bool helps(const struct trying *x, const struct remedy *r, struct plan *ret)
{
        const struct config *own = x->plan->config;
        struct config *config = arena_alloc(x->arena, sizeof(*config));
        size_t n = r->n_devices > 0;
        struct rule *rule;

        *config = *own;
        config->rules = arena_alloc(x->arena, (own->n_rules + 1) * sizeof(*config->rules));
        memcpy(config->rules + n, own->rules, own->n_rules * sizeof(*own->rules));
        config->n_rules += n;
        rule = &config->rules[x->rule + n];
        rule->group = r->complete ? GROUP_COMPLETE : rule->group;
        rule->allow_boot_display |= r->display;
        if (r->expect > 0)
                rule->expect_min = rule->expect_max = r->expect;
        if (n > 0) {
                config->rules[0] = RULE_INIT;
                config->rules[0].name = r->name;
                config->rules[0].file = "";
                config->rules[0].bus = rule->bus;
                config->rules[0].driver = DRIVER_NATIVE;
                config->rules[0].expect_min = config->rules[0].expect_max = (uint32_t)r->n_devices;
                for (size_t i = 0; i < r->n_devices; i++)
                        str_add(x->arena, &config->rules[0].match[MATCH_ADDRESS].v,
                                &config->rules[0].match[MATCH_ADDRESS].n,
                                x->plan->facts->devices[r->devices[i]].address);
        }
        plan_build(config, x->plan->facts, x->arena, ret);
        return ret->rules[x->rule + n].state == RULE_OK;
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
                company |= e->in_company;
                display |= plan->facts->devices[e->device].roles & ROLE_DISPLAY || e->foreign;
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
        return display && company && try(x, &r);
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

                if (e->rule != x->rule || e->leader != NO_ENTRY || e->foreign || e->impostor)
                        continue;
                n_matched++;
                if (e->action == ACTION_REFUSE && e->refusal == REFUSAL_HOST && !e->derived)
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
