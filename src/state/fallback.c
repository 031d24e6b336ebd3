/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/fallback.h"

#include "base/str.h"
#include "state/applied.h"
#include "state/digest.h"
#include "state/trial.h"

static bool was_masked(const struct applied *applied, struct arena *a, const char *name)
{
        const char *file = arena_join(a, name, ".conf", NULL);

        for (size_t i = 0; i < applied->n_files; i++)
                if (!applied->files[i].rule && applied->files[i].size == 0 &&
                    streq(str_basename(applied->files[i].path), file))
                        return true;
        return false;
}

/* A credential comes to each boot, and no image has another in its place; a mask that was applied it has. */
static void add_rule(struct fallback *f, struct arena *a, const struct applied *applied, struct rule rule)
{
        if (rule.credential) {
                if (!was_masked(applied, a, rule.name))
                        f->config.rules[f->config.n_rules++] = rule;
                return;
        }
        rule.applied = applied_rule(applied, a, f->config.buses, rule.name, &rule);
        rule.invalid = !rule.applied;
        rule.message = f->why;
        f->config.rules[f->config.n_rules++] = rule;
}

static void add_rules(struct fallback *f, struct arena *a, const struct applied *applied, const struct config *config)
{
        f->config.rules = arena_alloc(a, (config->n_rules + applied->n_files) * sizeof(*f->config.rules));
        for (size_t i = 0; i < config->n_rules; i++)
                add_rule(f, a, applied, config->rules[i]);
        for (size_t i = 0; i < applied->n_files; i++) {
                const char *name = applied->files[i].rule;

                if (name && !config_find(&f->config, name))
                        add_rule(f, a, applied, (struct rule){.name = name, .bus = config->buses[0]});
        }
}

int fallback_find(const struct root *root, struct arena *a, const struct bus_syntax *const *buses,
                  const struct config *config, struct fallback *ret)
{
        struct fallback f = {.config.buses = buses};
        struct diags diags = {.arena = a};
        struct config here;
        struct applied applied;
        struct trial trial;
        uint64_t digest = 0;
        int k = 0;

        *ret = f;
        trial_read(root, a, &trial);
        if (!trial_holds_back(root, a, &trial))
                return 0;
        if (!config) {
                k = config_load(root, a, buses, &diags, &here);
                config = &here;
        }
        if (k == 0)
                k = digest_of_config(root, a, config, &digest);
        if (k < 0 || digest != trial.config)
                return k;
        f.failed = trial.state == TRIAL_FAILED;
        f.why = f.failed ? "the trial of this config failed" : "the trial of this config is still to come";
        applied_read(root, a, &applied);
        add_rules(&f, a, &applied, config);
        applied_settings(&applied, a, &f.settings);
        *ret = f;
        return 0;
}
