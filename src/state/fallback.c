/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/fallback.h"

#include "base/str.h"
#include "config/files.h"
#include "state/applied.h"
#include "state/digest.h"
#include "state/trial.h"

/* An empty file of the rules' directories. */
static bool is_mask(const struct applied_file *f)
{
        bool rules = false;

        for (size_t i = 0; i < CONFIG_DIRECTORIES; i++) {
                size_t n = strlen(config_directories[i]);

                rules |= strncmp(f->path, config_directories[i], n) == 0 && f->path[n] == '/';
        }
        return !f->rule && f->size == 0 && rules;
}

/* As it was applied; true where it was. One that cannot be understood any more keeps what it may name. */
static bool as_applied(const struct applied *applied, struct arena *a, const struct bus_syntax *const *buses,
                       const char *name, struct rule *ret)
{
        bool was = false;

        for (size_t i = 0; i < applied->n_files; i++)
                was |= streq_ptr(applied->files[i].rule, name);
        *ret = (struct rule){.name = name, .file = name, .bus = buses[0]};
        ret->applied = was && applied_rule(applied, a, buses, name, ret);
        ret->invalid = ret->decides = ret->unread = !ret->applied;
        return was;
}

static void add_name(struct arena *a, struct config_files *names, const char *rule)
{
        config_files_add(a, names, (struct config_file){arena_join(a, rule, ".conf", NULL), rule, 0});
}

static void add(struct arena *a, struct config *to, struct rule rule, const char *why)
{
        rule.message = why;
        *(struct rule *)arena_grow(a, &to->rules, to->n_rules++, sizeof(*to->rules)) = rule;
}

/* What was applied, and the credentials that this boot has behind it. */
static int take_applied(const struct root *root, struct arena *a, const struct applied *applied,
                        const struct config_files *names, const char *why, struct config *config)
{
        struct rule rule;

        config->fallback = why;
        for (size_t i = 0; i < applied->n_files; i++)
                if (is_mask(&applied->files[i]))
                        str_add(a, &config->masks, &config->n_masks, applied->files[i].path);
        for (size_t i = 0; i < names->n; i++)
                if (as_applied(applied, a, config->buses, names->v[i].path, &rule))
                        add(a, config, rule, why);
        return config_with_credentials(root, a, config, config);
}

/* A rule of the config that is held back. It is told where nothing else has its name. */
static void add_held(struct arena *a, struct config *to, const struct config *counts, const struct rule *held,
                     const char *why)
{
        struct rule rule = *held;

        rule.invalid = true;
        if (!rule.credential && (!rule_name_valid(rule.name) || !config_find(counts, rule.name)))
                add(a, to, rule, why);
}

/* What the rules that were applied keep for the host nobody knows: no credential takes anything. */
static void add_unknown(struct arena *a, struct config *to)
{
        add(a, to,
            (struct rule){.name = "-",
                          .file = APPLIED_PATH,
                          .bus = to->buses[0],
                          .invalid = true,
                          .decides = true,
                          .unread = true},
            APPLIED_PATH ": cannot be read");
}

/* In the order of both, by the names of their files. */
static int make(const struct root *root, struct arena *a, const struct applied *applied, const struct config *config,
                struct fallback *f)
{
        struct config counts = {.buses = config->buses};
        struct config_files names = {};
        int k;

        for (size_t i = 0; i < config->n_rules; i++)
                if (!config->rules[i].credential && rule_name_valid(config->rules[i].name))
                        add_name(a, &names, config->rules[i].name);
        for (size_t i = 0; i < applied->n_files; i++)
                if (applied->files[i].rule)
                        add_name(a, &names, applied->files[i].rule);
        config_files_keep_first(&names);
        k = take_applied(root, a, applied, &names, f->why, &counts);
        if (k < 0)
                return k;
        f->config = counts;
        f->config.rules = NULL;
        f->config.n_rules = 0;
        if (applied->unknown)
                add_unknown(a, &f->config);
        for (size_t i = 0; i < config->n_rules; i++)
                if (!rule_name_valid(config->rules[i].name))
                        add_held(a, &f->config, &counts, &config->rules[i], f->why);
        for (size_t i = 0; i < names.n; i++) {
                const struct rule *rule = config_find(&counts, names.v[i].path);

                if (rule && !rule->credential)
                        add(a, &f->config, *rule, f->why);
                else
                        add_held(a, &f->config, &counts, config_find(config, names.v[i].path), f->why);
        }
        for (size_t i = 0; i < counts.n_rules; i++)
                if (counts.rules[i].credential)
                        add(a, &f->config, counts.rules[i], counts.rules[i].message);
        return 0;
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
        if (config && config->fallback) {
                f.why = config->fallback;
                f.failed = trial.state == TRIAL_FAILED;
                f.config = *config;
                applied_read(root, a, &applied);
                applied_settings(&applied, a, &f.settings);
                *ret = f;
                return 0;
        }
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
        applied_settings(&applied, a, &f.settings);
        k = make(root, a, &applied, config, &f);
        if (k == 0)
                *ret = f;
        return k;
}
