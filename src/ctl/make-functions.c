/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/make-functions.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/program.h"
#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "bus/pci/sriov.h"
#include "ctl/tell.h"
#include "report/domain.h"
#include "report/form.h"

#define FUNCTIONS "passthrough-sriov"
#define GPUS      "passthrough-vgpu"

/* Where it is installed; of a build that is not, beside this program. */
static const char *program(struct arena *a, const char *name)
{
        char path[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

        path[n < 0 ? 0 : n] = '\0';
        if (n < 0 || startswith(path, "/usr/"))
                return arena_join(a, PASSTHROUGH_LIBEXEC "/", name, NULL);
        path[str_basename(path) - path] = '\0';
        return arena_join(a, path, name, NULL);
}

static bool makes_gpus(const struct rule *rule)
{
        return rule->vgpu && vgpu_typed(rule->vgpu);
}

/* The address of the entry's device, where it is one of the rule; else NULL. */
static const char *address_of(const struct ctl *c, size_t entry, const char *rule)
{
        const struct plan_entry *e = &c->plan.entries[entry];

        return streq(c->config.rules[e->rule].name, rule) ? c->facts.devices[e->device].address : NULL;
}

/* "RULE: ADDRESS TEXT", as wide as the screen, and without a domain that says nothing. */
static void say(struct ctl *c, FILE *f, const char *rule, const char *address, const char *text)
{
        const struct screen s = screen_of(f, &c->arena);
        bool one = domain_is_one(&c->facts);

        form_say(&s, arena_join(&c->arena, rule, ": ", domain_less(one, address), ": ",
                                domain_less_text(one, &c->arena, text), NULL));
}

static bool tell_unfit(struct ctl *c, const char *rule, const char *address, const char *refused, const char *waits)
{
        if (refused || waits)
                say(c, stderr, rule, address, refused ? refused : arena_join(&c->arena, "waits for ", waits, NULL));
        return refused || waits;
}

/* What they would make, or why they would not. */
static bool would_make_functions(struct ctl *c, const char *rule)
{
        bool refused = false;

        pci_sriov(&c->root, &c->arena, SRIOV_NOW, &c->plan);
        for (size_t i = 0; i < c->plan.sriov->n_parents; i++) {
                const struct sriov_parent *x = &c->plan.sriov->parents[i];
                const char *address = address_of(c, x->entry, rule);

                if (!address)
                        continue;
                if (tell_unfit(c, rule, address, x->refused, x->waits))
                        refused = true;
                else if (x->change && !c->json && x->count == x->is.enabled)
                        say(c, stdout, rule, address, "would change the mode of its switch");
                else if (x->change && !c->json)
                        say(c, stdout, rule, address,
                            arena_printf(&c->arena, "would make %u virtual functions", x->count));
        }
        return refused;
}

static bool would_make_gpus(struct ctl *c, const char *rule)
{
        bool refused = false;

        vgpu_plan(&c->root, &c->arena, VGPU_NOW, &c->plan);
        for (size_t i = 0; i < c->plan.vgpu->n_parents; i++) {
                const struct vgpu_parent *x = &c->plan.vgpu->parents[i];
                const char *address = address_of(c, x->entry, rule);
                uint32_t n = 0;

                for (size_t k = 0; k < c->plan.vgpu->n_devices; k++)
                        n += c->plan.vgpu->devices[k].parent == i;
                if (!address)
                        continue;
                refused |= tell_unfit(c, rule, address, x->refused ? x->refused : x->fewer, x->waits);
                if (!x->refused && !x->waits && n > 0 && !c->json)
                        say(c, stdout, rule, address,
                            arena_printf(&c->arena, "would make %u virtual GPU%s%s%s%s%s", n, n == 1 ? "" : "s",
                                         x->changes ? "; " : "", x->changes ? x->changes : "", x->unlike ? "; " : "",
                                         x->unlike ? x->unlike : ""));
        }
        return refused;
}

static int would_make(struct ctl *c, const struct rule *rule)
{
        int k = ctl_make_plan(c, &(struct facts_request){.busy = true, .identities = true}, false);
        bool refused = false;

        if (k == 0 && rule->sriov)
                refused = would_make_functions(c, rule->name);
        if (k == 0 && makes_gpus(rule))
                refused |= would_make_gpus(c, rule->name);
        return k != 0 ? k : refused ? EXIT_FAILURE : 0;
}

/* *ret: the rule that is meant, as it is now; NULL: none that makes virtual functions or GPUs. 0 or the exit status. */
static int find_rule(struct ctl *c, const struct rule **ret)
{
        struct diags diags = {.arena = &c->arena};
        int k = config_load(&c->root, &c->arena, bus_syntaxes, &diags, &c->config);
        const struct rule *rule = k < 0 ? NULL : config_find(&c->config, c->argv[1]);

        *ret = rule && (rule->sriov || makes_gpus(rule)) && !rule->invalid ? rule : NULL;
        return k < 0 ? ctl_fail("reading passthrough.d", k) : 0;
}

static int run(struct ctl *c, const char *name, const char *option, const char *rule)
{
        const char *said, *const argv[] = {program(&c->arena, name),
                                           arena_join(&c->arena, "--root=", c->root.path, NULL), option, rule, NULL};
        int k = program_run(argv, &c->arena, &said);

        if (k > 0)
                tell_output(said);
        return k < 0 ? ctl_fail(name, k) : k;
}

int make_functions(struct ctl *c)
{
        struct ctl look = *c;
        const struct rule *rule;
        int k = find_rule(&look, &rule);

        if (k != 0 || !rule)
                return k;
        if (c->dry_run)
                return would_make(&look, rule);
        if (rule->sriov)
                k = run(c, FUNCTIONS, "--now", rule->name);
        if (k == 0 && makes_gpus(rule))
                k = run(c, GPUS, "--now", rule->name);
        return k;
}

int make_functions_gone(struct ctl *c)
{
        struct ctl look = *c;
        const struct rule *rule;
        int k = find_rule(&look, &rule);

        /* A virtual GPU is gone once it is given back. */
        return k != 0 || !rule || !rule->sriov || c->dry_run ? k : run(c, FUNCTIONS, "--none", rule->name);
}
