/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/make-functions.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/program.h"
#include "base/str.h"
#include "bus/pci/sriov.h"
#include "ctl/tell.h"

#define PROGRAM "passthrough-sriov"

/* Where it is installed; of a build that is not, beside this program. */
static const char *program(struct arena *a)
{
        char path[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

        path[n < 0 ? 0 : n] = '\0';
        if (n < 0 || startswith(path, "/usr/"))
                return PASSTHROUGH_LIBEXEC "/" PROGRAM;
        path[str_basename(path) - path] = '\0';
        return arena_join(a, path, PROGRAM, NULL);
}

/* What it would make, or why it would not. */
static int would_make(struct ctl *c, const char *rule)
{
        int k = ctl_make_plan(c, &(struct facts_request){.busy = true, .identities = true}, false);
        bool refused = false;

        if (k != 0)
                return k;
        pci_sriov(&c->root, &c->arena, SRIOV_NOW, &c->plan);
        for (size_t i = 0; i < c->plan.sriov->n_parents; i++) {
                const struct sriov_parent *x = &c->plan.sriov->parents[i];
                const struct plan_entry *e = &c->plan.entries[x->entry];
                const char *address = c->facts.devices[e->device].address;

                if (!streq(c->config.rules[e->rule].name, rule))
                        continue;
                refused |= x->refused || x->waits;
                if (x->refused || x->waits)
                        fprintf(stderr, "%s: %s: %s%s\n", rule, address, x->refused ? "" : "waits for ",
                                x->refused ? x->refused : x->waits);
                else if (x->change && !c->json && x->count == x->is.enabled)
                        printf("%s: %s: would change the mode of its switch\n", rule, address);
                else if (x->change && !c->json)
                        printf("%s: %s: would make %u virtual functions\n", rule, address, x->count);
        }
        return refused ? EXIT_FAILURE : 0;
}

/* *ret: the rule that is meant, as it is now; NULL: none that makes virtual functions. 0 or the exit status. */
static int find_rule(struct ctl *c, const struct rule **ret)
{
        struct diags diags = {.arena = &c->arena};
        int k = config_load(&c->root, &c->arena, bus_syntaxes, &diags, &c->config);
        const struct rule *rule = k < 0 ? NULL : config_find(&c->config, c->argv[1]);

        *ret = rule && rule->sriov && !rule->invalid ? rule : NULL;
        return k < 0 ? ctl_fail("reading passthrough.d", k) : 0;
}

static int run(struct ctl *c, const char *option, const char *rule)
{
        const char *said, *const argv[] = {program(&c->arena), arena_join(&c->arena, "--root=", c->root.path, NULL),
                                           option, rule, NULL};
        int k = program_run(argv, &c->arena, &said);

        if (k > 0)
                tell_output(said);
        return k < 0 ? ctl_fail(PROGRAM, k) : k;
}

int make_functions(struct ctl *c)
{
        struct ctl look = *c;
        const struct rule *rule;
        int k = find_rule(&look, &rule);

        if (k != 0 || !rule)
                return k;
        return c->dry_run ? would_make(&look, rule->name) : run(c, "--now", rule->name);
}

int make_functions_gone(struct ctl *c)
{
        struct ctl look = *c;
        const struct rule *rule;
        int k = find_rule(&look, &rule);

        return k != 0 || !rule || c->dry_run ? k : run(c, "--none", rule->name);
}
