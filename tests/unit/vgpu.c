/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vgpu ROOT now|boot|gone: what the plan of the virtual GPUs of a machine is, by its facts of a moment: each rule's
 * state and message, each virtual GPU that is to come, each operation.
 */
#include <stdio.h>

#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "config/sriov.h"
#include "config/vgpu.h"
#include "guard/evidence.h"
#include "maker/table.h"

static int plan(const struct root *root, struct arena *a, enum vgpu_aim aim, struct plan *ret)
{
        static const struct facts_sources sources = {
                .buses = bus_table, .initrds = initrd_table, .guard = guard_gather};
        struct config *config = arena_alloc(a, sizeof(*config));
        struct facts *facts = arena_alloc(a, sizeof(*facts));
        struct facts_request request;
        struct diags diags = {.arena = a};
        int k = config_load(root, a, bus_syntaxes, &diags, config);

        if (k < 0)
                return k;
        facts_request_for(config, a, &request);
        request.busy = aim != VGPU_AT_BOOT;
        k = facts_gather(root, a, &sources, &request, facts);
        if (k < 0)
                return k;
        plan_build(config, facts, a, ret);
        vgpu_plan(root, a, aim, ret);
        return 0;
}

static void print(const struct plan *p)
{
        static const char *const phases[] = {[VGPU_FUNCTIONS] = "functions", [VGPU_MAKE] = "make"};
        const struct vgpu_plan *v = p->vgpu;

        for (size_t i = 0; i < p->config->n_rules; i++)
                printf("%s %s: %s\n", p->config->rules[i].name, rule_state_names[p->rules[i].state],
                       p->rules[i].message);
        for (size_t i = 0; i < v->n_parents; i++)
                printf("parent %s: %u of %u are there%s%s\n",
                       p->facts->devices[p->entries[v->parents[i].entry].device].address, v->parents[i].here,
                       v->parents[i].count, v->parents[i].waits ? ", waits for " : "",
                       v->parents[i].waits ? v->parents[i].waits : "");
        for (size_t i = 0; i < v->n_devices; i++)
                printf("promised %u: %s %s on %s, %s\n", v->devices[i].index, v->devices[i].bus,
                       v->devices[i].address ? v->devices[i].address : "-", v->devices[i].on ? v->devices[i].on : "-",
                       v->devices[i].type);
        for (size_t i = 0; i < v->n_ops; i++)
                printf("%s %s %s %s\n", phases[v->ops[i].phase], op_names[v->ops[i].op.kind], v->ops[i].op.target,
                       v->ops[i].op.value);
}

int main(int argc, char *argv[])
{
        static const char *const aims[] = {[VGPU_NOW] = "now", [VGPU_AT_BOOT] = "boot", [VGPU_GONE] = "gone"};
        int aim = argc == 3 ? str_index(argv[2], aims, ARRAY_SIZE(aims)) : -1;
        struct root root = ROOT_INIT;
        struct arena arena = {};
        struct plan p = {};
        int k;

        if (aim < 0)
                return 2;
        sriov_keys_used = &sriov_keys;
        vgpu_keys_used = &vgpu_keys;
        k = root_open(argv[1], &root);
        if (k == 0)
                k = plan(&root, &arena, (enum vgpu_aim)aim, &p);
        if (k == 0)
                print(&p);
        root_close(&root);
        arena_free(&arena);
        return k < 0;
}
