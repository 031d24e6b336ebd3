/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/made-lines.h"

#include "base/str.h"
#include "plan/sriov.h"
#include "report/vgpu-lines.h"

/* "for virtual machines (vfio-pci)" */
static const char *meant_for(struct arena *a, const struct sriov *sriov, uint32_t index)
{
        const char *name = NULL;

        switch (sriov_driver(sriov, index, &name)) {
        case DRIVER_NATIVE:
                return "for the host";
        case DRIVER_AUTO:
                return "for virtual machines (the best VFIO driver)";
        default:
                return arena_join(a, "for virtual machines (", name, ")", NULL);
        }
}

/* "0-1 for virtual machines (vfio-pci), 2 for the host" */
static const char *functions_text(struct arena *a, const struct sriov *sriov, uint32_t count)
{
        const char *text = "";

        for (uint32_t i = 0, last; i < count; i = last + 1) {
                const char *what = meant_for(a, sriov, i);

                for (last = i; last + 1 < count && streq(meant_for(a, sriov, last + 1), what); last++)
                        ;
                text = arena_printf(a, "%s%s%u", text, *text ? ", " : "", i);
                if (last > i)
                        text = arena_printf(a, "%s-%u", text, last);
                text = arena_join(a, text, " ", what, NULL);
        }
        return text;
}

static void tell_functions(const struct plan *plan, const struct sriov_parent *parent, struct arena *a,
                           struct made_lines *ret)
{
        const struct rule *rule = &plan->config->rules[plan->entries[parent->entry].rule];
        const char *plural = parent->count == 1 ? "" : "s";
        bool gpus = rule->vgpu && !vgpu_typed(rule->vgpu);

        if (parent->refused)
                strings_add(a, &ret->refused, parent->refused);
        else if (parent->count > 0)
                strings_add(a, &ret->lines,
                            arena_printf(a, "%s %u %s%s%s%s: %s", parent->change ? "makes" : "has", parent->count,
                                         gpus ? "virtual GPU" : "virtual function", plural,
                                         gpus ? ", each a virtual function" : "",
                                         parent->mode == ESWITCH_SWITCHDEV ? " in switchdev mode" : "",
                                         functions_text(a, rule->sriov, parent->count)));
}

static void tell_vgpus(const struct plan *plan, const struct vgpu_parent *parent, struct arena *a,
                       struct made_lines *ret)
{
        const struct rule *rule = &plan->config->rules[plan->entries[parent->entry].rule];
        const char *wanted = vgpu_wanted_text(a, rule, parent);

        if (parent->refused) {
                strings_add(a, &ret->refused, parent->refused);
                return;
        }
        ret->fewer = parent->fewer;
        strings_add(a, &ret->lines,
                    arena_join(a,
                               parent->fewer                   ? "wants "
                               : parent->here == parent->count ? "has "
                                                               : "makes ",
                               wanted, NULL));
        if (parent->here > 0 && parent->here < parent->count)
                strings_add(a, &ret->lines, arena_printf(a, "of these %u there already", parent->here));
        if (parent->waits)
                strings_add(a, &ret->lines, arena_join(a, "waits for ", parent->waits, NULL));
        if (parent->fewer)
                strings_add(a, &ret->lines, parent->fewer);
}

struct made_lines made_lines_of(const struct plan *plan, size_t entry, struct arena *a)
{
        const struct vgpu_parent *vgpus = vgpu_parent_of(plan, entry);
        struct made_lines made = {.any = vgpus};

        for (size_t i = 0; plan->sriov && i < plan->sriov->n_parents; i++)
                if (plan->sriov->parents[i].entry == entry) {
                        made.any = true;
                        tell_functions(plan, &plan->sriov->parents[i], a, &made);
                }
        if (vgpus)
                tell_vgpus(plan, vgpus, a, &made);
        return made;
}
