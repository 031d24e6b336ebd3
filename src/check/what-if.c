/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/what-if.h"

#include "base/str.h"

/* The config, with a place in front and one behind for a rule that it does not have. */
static struct config with_places(struct checker *c)
{
        const struct config *now = c->plan->config;
        struct config config = *now;

        config.rules = arena_alloc(c->arena, (now->n_rules + 2) * sizeof(*config.rules));
        memcpy(config.rules + 1, now->rules, now->n_rules * sizeof(*config.rules));
        config.rules++;
        return config;
}

/* The rule is ok then, and whoever was ok still is; shift: how many rules stand in front that are not there now. */
static bool is_better(struct checker *c, const struct config *config, size_t rule, size_t shift)
{
        struct config *kept = arena_alloc(c->arena, sizeof(*kept));
        struct plan plan;

        *kept = *config;
        plan_build(kept, c->plan->facts, c->arena, &plan);
        for (size_t r = 0; r < c->plan->config->n_rules; r++)
                if ((r == rule || c->plan->rules[r].state == RULE_OK) && plan.rules[r + shift].state != RULE_OK)
                        return false;
        return true;
}

const char *what_if_settings(struct checker *c, size_t rule)
{
        static const struct {
                bool complete, display;
                const char *text;
        } settings[] = {
                {true, false, "IOMMUGroup=complete"},
                {false, true, "AllowBootDisplay=yes"},
                {true, true, "IOMMUGroup=complete and AllowBootDisplay=yes"},
        };
        const struct rule *now = &c->plan->config->rules[rule];

        for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
                struct config config = with_places(c);
                struct rule *then = &config.rules[rule];

                if ((settings[i].complete && now->group == GROUP_COMPLETE) ||
                    (settings[i].display && now->allow_boot_display))
                        continue;
                then->group = settings[i].complete ? GROUP_COMPLETE : then->group;
                then->allow_boot_display |= settings[i].display;
                if (is_better(c, &config, rule, 0))
                        return settings[i].text;
        }
        return NULL;
}

/* A rule for these addresses alone. */
static struct rule rule_for(const struct rule *like, struct words addresses)
{
        struct rule rule = RULE_INIT;

        rule.name = rule.file = "what-if";
        rule.message = "";
        rule.bus = like->bus;
        rule.match[MATCH_ADDRESS] = addresses;
        rule.expect_min = rule.expect_max = (uint32_t)addresses.n;
        return rule;
}

static void add_address(struct checker *c, struct words *words, size_t device)
{
        const char **slot = arena_grow(c->arena, &words->v, words->n, sizeof(*words->v));

        *slot = c->plan->facts->devices[device].address;
        words->n++;
}

bool what_if_added(struct checker *c, size_t rule, size_t device)
{
        struct config config = with_places(c);
        struct words words = {};

        add_address(c, &words, device);
        config.rules[config.n_rules++] = rule_for(&c->plan->config->rules[rule], words);
        return is_better(c, &config, rule, 0);
}

bool what_if_left(struct checker *c, size_t rule)
{
        struct config config = with_places(c);
        struct words words = {};

        for (size_t i = 0; i < c->plan->n_entries; i++) {
                const struct plan_entry *e = &c->plan->entries[i];

                if (e->rule == rule && e->action == ACTION_REFUSE && e->refusal == REFUSAL_HOST && check_taken(e))
                        add_address(c, &words, e->device);
        }
        if (words.n == 0)
                return false;
        config.rules--;
        config.n_rules++;
        config.rules[0] = rule_for(&c->plan->config->rules[rule], words);
        config.rules[0].driver = DRIVER_NATIVE;
        return is_better(c, &config, rule, 1);
}
