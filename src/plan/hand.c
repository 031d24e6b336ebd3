/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/hand.h"

#include "base/str.h"
#include "guard/evidence.h"

static bool same_group(const struct plan *plan, size_t a, size_t b)
{
        const struct plan_entry *x = &plan->entries[a], *y = &plan->entries[b];
        int group = plan->facts->devices[x->device].group;

        return group != NO_GROUP && group == plan->facts->devices[y->device].group && x->action == ACTION_BIND &&
               y->action == ACTION_BIND && driver_is_vfio(x->driver) && driver_is_vfio(y->driver);
}

static bool together(const struct plan *plan, size_t a, size_t b)
{
        return plan->entries[a].leader == b || plan->entries[b].leader == a || same_group(plan, a, b);
}

/* One is below the other, and has no operations of its own. */
static bool same_fate(const struct plan *plan, size_t a, size_t b)
{
        return plan->entries[a].below == b || plan->entries[b].below == a;
}

void plan_choose(const struct plan *plan, struct arena *a, size_t rule, size_t entry, bool **ret)
{
        bool *chosen = arena_alloc(a, plan->n_entries * sizeof(*chosen));

        for (size_t i = 0; i < plan->n_entries; i++)
                chosen[i] = i == entry || plan->entries[i].rule == rule;
        for (bool changed = true; changed;) {
                changed = false;
                for (size_t i = 0; i < plan->n_entries; i++)
                        for (size_t j = 0; chosen[i] && j < plan->n_entries; j++)
                                if (!chosen[j] &&
                                    (same_fate(plan, i, j) || (entry != NO_ENTRY && together(plan, i, j))))
                                        chosen[j] = changed = true;
        }
        *ret = chosen;
}

/* A driver is loaded once for all who need it, whichever entry comes first. */
static bool wanted(const struct plan *plan, const bool *chosen, const struct op *op)
{
        if (op->kind != OP_LOAD)
                return chosen[op->entry];
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];

                if (chosen[i] && e->action == ACTION_BIND && e->stage == op->stage &&
                    driver_needs_module(e->driver, op->target))
                        return true;
        }
        return false;
}

void plan_reduce(const struct plan *plan, struct arena *a, const bool *chosen, struct plan *ret)
{
        const struct ops *all[] = {&plan->ops, &plan->on_demand};
        struct ops ops = {.v = arena_alloc(a, (plan->ops.n + plan->on_demand.n) * sizeof(*ops.v))};

        for (size_t k = 0; k < ARRAY_SIZE(all); k++)
                for (size_t i = 0; i < all[k]->n; i++)
                        if (wanted(plan, chosen, &all[k]->v[i]))
                                ops.v[ops.n++] = all[k]->v[i];
        *ret = *plan;
        ret->ops = ops;
}

void plan_release_refused(const struct plan *plan, struct arena *a, size_t device, const char *driver, const char **ret)
{
        const struct facts *facts = plan->facts;
        const struct device *d = &facts->devices[device];
        const struct plan_entry *e = plan_find(plan, device);
        size_t first, n = d->group == NO_GROUP ? 0 : facts_group(facts, d->group, &first);
        const char *why = NULL;

        if (d->stuck)
                why = d->stuck;
        else if (!driver_is_vfio(driver) && !device_is_vgpu(d) && !d->bus->syntax->taken_by) {
                if (e && e->needed)
                        why = arena_join(a, "in use: ", e->needed, NULL);
        } else if (facts->evidence->busy_unknown)
                why = arena_join(a, "not cleared: ", facts->evidence->busy_unknown, NULL);
        else if (d->vfio_user)
                why = arena_join(a, "in use: ", d->vfio_user, NULL);
        else if (d->bus->refuse_back)
                why = d->bus->refuse_back(a, d);
        /* While one function of a group is in a guest's hands, the kernel lets no native driver have another. */
        for (size_t i = 0; i < n && !why; i++) {
                const struct device *m = &facts->devices[facts->by_group[first + i]];

                if (m->vfio_user)
                        why = arena_printf(a, "in use: %s, and with it %s of the same IOMMU group", m->vfio_user,
                                           m->address);
        }
        *ret = why;
}
