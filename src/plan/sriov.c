/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/sriov.h"

/* Whichever rule takes them. */
static size_t count(const struct facts *facts, const struct device *parent)
{
        size_t n = 0;

        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];

                n += d->bus == parent->bus && d->index != UINT32_MAX && streq_ptr(d->parent, parent->address);
        }
        return n;
}

const char *sriov_fewer(const struct plan *plan, size_t rule, struct arena *a)
{
        const struct sriov *sriov = plan->config->rules[rule].sriov;
        size_t n = 0, wanted = 0;

        for (size_t i = 0; sriov && i < plan->n_entries; i++) {
                const struct device *d = &plan->facts->devices[plan->entries[i].device];

                if (plan->entries[i].rule != rule || d->parent)
                        continue;
                n += count(plan->facts, d);
                wanted += sriov->kind == VF_COUNT_NUMBER ? sriov->count : 1;
        }
        return n < wanted ? arena_printf(a, "%zu of %zu virtual functions are there", n, wanted) : NULL;
}
