/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual GPUs of a rule: made once their parents are ready, and then bound as any other device of a rule is. What
 * stands in the way is in the record, where the rule's own service finds it.
 */
#include <stdio.h>
#include <time.h>

#include "act/vgpu.h"
#include "base/str.h"
#include "bind/run.h"
#include "bus/mdev/vgpu.h"
#include "guard/evidence.h"
#include "maker/table.h"
#include "report/log.h"

#define PATIENCE 20

static const struct facts_sources sources = {.buses = bus_table, .initrds = initrd_table, .guard = guard_gather};

static bool of_rule(const struct run *r, size_t parent, const char *rule)
{
        return streq(r->config.rules[r->plan.entries[r->plan.vgpu->parents[parent].entry].rule].name, rule);
}

/* Everything as it is now. 0 or -errno. */
static int look(struct run *r, enum vgpu_aim aim)
{
        int k = run_read_record(r);

        if (k == 0)
                k = run_load(r, true, STAGE_DEMAND);
        if (k == 0)
                vgpu_plan(r->root, &r->arena, aim, &r->plan);
        return k;
}

static int run(const struct root *root, const char *rule, enum vgpu_aim aim, enum vgpu_phase phase)
{
        _cleanup_(run_free) struct run r = {.root = root, .sources = &sources};
        struct diags problems = {.arena = &r.arena};
        int k = facts_read_switches(root, &r.arena, &r.facts);

        if (k < 0 || r.facts.off)
                return k < 0 ? k : RUN_UNSATISFIED;
        k = look(&r, aim);
        for (size_t i = 0; k == 0 && i < r.plan.vgpu->n_parents; i++)
                if (of_rule(&r, i, rule))
                        (void)!act_vgpu(root, &r.plan, i, phase, PATIENCE, &r.arena, &problems);
        if (k < 0)
                return k;
        return run_take(root, rule);
}

int run_vgpu(const struct root *root, const char *rule)
{
        return run(root, rule, VGPU_NOW, VGPU_MAKE);
}

int run_vgpu_functions(const struct root *root, const char *rule)
{
        return run(root, rule, VGPU_NOW, VGPU_FUNCTIONS);
}

int run_vgpu_now(const struct root *root, const char *rule)
{
        return run(root, rule, VGPU_NOW, VGPU_MAKE);
}

int run_vgpu_none(const struct root *root, const char *rule)
{
        return run(root, rule, VGPU_GONE, VGPU_MAKE);
}
