/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/make-functions.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/program.h"
#include "base/str.h"
#include "bus/pci/sriov.h"

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
        pci_sriov(&c->root, &c->arena, false, &c->plan);
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
                else if (x->change && !c->json)
                        printf("%s: %s: would make %u virtual functions\n", rule, address, x->count);
        }
        return refused ? EXIT_FAILURE : 0;
}

int make_functions(struct ctl *c)
{
        struct diags diags = {.arena = &c->arena};
        struct ctl look = *c;
        const struct rule *rule;
        int k = config_load(&c->root, &c->arena, bus_syntaxes, &diags, &look.config);

        if (k < 0)
                return ctl_fail("reading passthrough.d", k);
        rule = config_find(&look.config, c->argv[1]);
        if (!rule || !rule->sriov || rule->invalid)
                return 0;
        if (c->dry_run)
                return would_make(&look, rule->name);
        k = program_run((const char *[]){program(&c->arena), arena_join(&c->arena, "--root=", c->root.path, NULL),
                                         "--now", rule->name, NULL});
        return k < 0 ? ctl_fail(PROGRAM, k) : k;
}
