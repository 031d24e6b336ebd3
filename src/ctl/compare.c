/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/compare.h"

#include <string.h>

#include "base/recfile.h"
#include "base/str.h"

/* What is with the host by the one config may not be by the other. */
static const struct facts_request all;

/* A directory that a failed copy left empty is no machine without devices. */
static const char *open_machine(struct ctl *there, const char *dir)
{
        const char *missing;
        int k = root_open(dir, &there->root);

        if (k < 0)
                return strerror(-k);
        if (!root_exists(&there->root, CAPTURED_PATH) && !root_exists(&there->root, "/sys"))
                return "no captured machine: it has neither " CAPTURED_PATH " nor /sys";
        k = captured_open(&there->root, &there->arena, &there->captured);
        if (k < 0)
                return arena_join(&there->arena, CAPTURED_PATH ": ", strerror(-k), NULL);
        if (k == RECFILE_ABSENT)
                return NULL;
        if (k != 0)
                return CAPTURED_PATH " is damaged";
        missing = captured_missing(&there->captured);
        return missing ? arena_join(&there->arena, "its copy is not whole: ", missing, " is not there", NULL) : NULL;
}

static const char *load_own(struct comparison *x)
{
        struct ctl *there = &x->there;
        int k;

        x->errors.arena = &there->arena;
        k = config_load(&there->root, &there->arena, bus_syntaxes, &x->errors, &there->config);
        if (k == 0)
                k = settings_load(&there->root, &there->arena, &x->errors, &there->settings);
        for (size_t i = 0; i < x->errors.n; i++)
                if (x->errors.v[i].file)
                        x->errors.v[i].file = arena_join(&there->arena, x->dir, x->errors.v[i].file, NULL);
        return k < 0 ? arena_join(&there->arena, "its config cannot be read: ", strerror(-k), NULL) : NULL;
}

static const char *plan(struct ctl *there)
{
        return ctl_make_plan(there, &all, true) == 0 ? NULL : "its facts cannot be read";
}

static const char *printable(struct arena *a, const char *dir)
{
        char *s = arena_strdup(a, dir);

        str_make_printable(s);
        return s;
}

const char *comparison_make(struct comparison *x, const struct ctl *c, const char *dir)
{
        struct ctl *there = &x->there;
        const char *problem;

        *x = (struct comparison){.there = {.commands = c->commands,
                                           .sources = c->sources,
                                           .loaders = c->loaders,
                                           .makers = c->makers,
                                           .initrds = c->initrds}};
        there->root = ROOT_INIT;
        x->dir = printable(&there->arena, dir);
        problem = open_machine(there, dir);
        if (!problem)
                problem = load_own(x);
        if (!problem)
                problem = plan(there);
        if (problem)
                return problem;
        x->own = there->config;
        x->as_it_is = there->facts;
        x->before = there->plan;
        x->before.config = &x->own;
        x->before.facts = &x->as_it_is;
        if (config_with_credentials(&there->root, &there->arena, &c->config, &there->config) < 0)
                return "its credentials cannot be read";
        there->settings = c->settings;
        there->facts = (struct facts){};
        there->plan = (struct plan){};
        problem = plan(there);
        if (!problem)
                against_compare(&x->before, &there->plan, &there->arena, &x->found);
        return problem;
}

/* A host's name is never replaced. */
static bool names_machine_id(const struct rule *rule)
{
        const struct words *hosts = &rule->match[MATCH_HOST];

        for (size_t i = 0; i < hosts->n; i++)
                if (strlen(hosts->v[i]) == 32 && hosts->v[i][strspn(hosts->v[i], "0123456789abcdef")] == '\0')
                        return true;
        return false;
}

bool comparison_is_blind(const struct comparison *x)
{
        const struct ctl *there = &x->there;

        if (!streq_ptr(there->captured.names, "replaced"))
                return false;
        for (size_t i = 0; i < there->config.n_rules; i++) {
                const struct rule *rule = &there->config.rules[i];

                if (there->plan.rules[i].n_matched == 0 && (rule->match[MATCH_SERIAL].n > 0 || names_machine_id(rule)))
                        return true;
        }
        return false;
}

void comparison_free(struct comparison *x)
{
        root_close(&x->there.root);
        arena_free(&x->there.arena);
}
