/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/making.h"

#include "plan/sriov.h"
#include "plan/vgpu.h"

/* No boot makes them. */
static bool is_on_demand(const struct plan *plan, size_t parent)
{
        return rule_on_demand(&plan->config->rules[plan->entries[plan->vgpu->parents[parent].entry].rule]);
}

const struct op *making_next(const struct plan *plan, bool late, size_t *at)
{
        size_t n = plan->sriov ? plan->sriov->n_ops : 0, n_vgpus = plan->vgpu ? plan->vgpu->n_ops : 0;

        while (*at < n + n_vgpus) {
                size_t i = (*at)++;

                if (i >= n && !late && !is_on_demand(plan, plan->vgpu->ops[i - n].parent))
                        return &plan->vgpu->ops[i - n].op;
                if (i < n && (plan->sriov->ops[i].phase > SRIOV_SET) == late)
                        return &plan->sriov->ops[i].op;
        }
        return NULL;
}

const struct vgpu_device *making_promised(const struct plan *plan, const char *address)
{
        for (size_t i = 0; plan->vgpu && i < plan->vgpu->n_devices; i++)
                if (streq_ptr(plan->vgpu->devices[i].address, address))
                        return &plan->vgpu->devices[i];
        return NULL;
}
