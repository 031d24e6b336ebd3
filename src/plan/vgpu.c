/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/vgpu.h"

bool vgpu_plain(const struct device *d, const struct vgpu_facts *is)
{
        static const char *const drivers[] = {"xe", "i915", "gim"};

        return is->kind == VGPU_NONE && is->total > 0 && d->roles & ROLE_DISPLAY && d->driver_now &&
               str_index(d->driver_now, drivers, ARRAY_SIZE(drivers)) >= 0;
}

const char *vgpu_fewer(const struct plan *plan, size_t rule, struct arena *a)
{
        const struct vgpu *vgpu = plan->config->rules[rule].vgpu;
        size_t n = 0, wanted = 0;

        for (size_t i = 0; vgpu && vgpu_typed(vgpu) && i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct device *d = &plan->facts->devices[e->device];

                if (e->rule != rule)
                        continue;
                if (d->parent && device_is_vgpu(d) && e->action == ACTION_REFUSE)
                        return arena_join(a, d->address, " refused: ", e->reason, NULL);
                if (d->parent && d->bus->syntax->made && !d->driver_now)
                        return arena_join(a, d->address, " has no driver", NULL);
                n += d->parent && device_is_vgpu(d) && e->action == ACTION_BIND;
                wanted += d->parent ? 0 : vgpu_count(vgpu);
        }
        return n < wanted ? arena_printf(a, "%zu of %zu virtual GPUs are there", n, wanted) : NULL;
}
