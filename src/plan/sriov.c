/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/sriov.h"

const char *sriov_fewer(const struct plan *plan, size_t rule, struct arena *a)
{
        const struct sriov *sriov = plan->config->rules[rule].sriov;
        size_t n = 0, wanted = 0;

        for (size_t i = 0; sriov && i < plan->n_entries; i++) {
                const struct device *d = &plan->facts->devices[plan->entries[i].device];

                if (plan->entries[i].rule != rule)
                        continue;
                n += d->parent && d->index != UINT32_MAX;
                wanted += d->parent ? 0 : sriov->kind == VF_COUNT_NUMBER ? sriov->count : 1;
        }
        return n < wanted ? arena_printf(a, "%zu of %zu virtual functions are there", n, wanted) : NULL;
}
