/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/types.h"

#include "report/vgpu-lines.h"

static void count(const struct vgpu_facts *is, const struct vgpu_carrier *c, const struct vgpu_type *t,
                  struct types_row *row)
{
        if (is->kind != VGPU_VENDOR) {
                row->counted &= t->counted;
                row->least += t->available;
                row->most += t->available;
        } else if (streq_ptr(c->current, "0")) {
                /* One more is certain: what that leaves to the others, the driver tells then. */
                row->least = 1;
                row->most++;
        }
}

static void add_carrier(const struct vgpu_facts *is, const struct vgpu_carrier *c, struct arena *a,
                        struct types_of *ret)
{
        for (size_t t = 0; t < c->n_types; t++) {
                size_t i = 0;

                while (i < ret->n && !streq(ret->rows[i].type->id, c->types[t].id))
                        i++;
                if (i == ret->n) {
                        *(struct types_row *)arena_grow(a, &ret->rows, ret->n, sizeof(*ret->rows)) =
                                (struct types_row){.type = &c->types[t], .counted = true};
                        ret->n++;
                }
                count(is, c, &c->types[t], &ret->rows[i]);
        }
}

static bool is_nvidia(const struct device *d)
{
        return startswith(d->id, "10de:") && d->roles & ROLE_DISPLAY;
}

/* NVIDIA's virtual functions come first, then vgpud tells its driver the types. */
static const char *why_none(const struct device *d, const struct vgpu_facts *is, struct arena *a)
{
        for (size_t i = 0; i < is->n_carriers; i++)
                if (is->carriers[i].unreadable)
                        return "its types cannot be read";
        if (is->kind == VGPU_PLAIN)
                return arena_printf(a,
                                    "has no types: each of its virtual functions is a virtual GPU, %u of at most %u "
                                    "are there; a rule has [VirtualGPU] with Count= alone",
                                    is->enabled, is->total);
        if (!is_nvidia(d) || is->total == 0)
                return arena_join(a, d->driver_now ? "driver " : "it has no driver, and ",
                                  d->driver_now ? d->driver_now : "",
                                  d->driver_now ? " offers no virtual GPUs" : "so it offers no virtual GPUs", NULL);
        if (is->enabled > 0)
                return arena_printf(a,
                                    "its %u virtual functions are there, and offer no types: nvidia-vgpud tells the "
                                    "driver its types; journalctl -u nvidia-vgpud says what it did",
                                    is->enabled);
        if (!is->manage)
                return "its virtual functions are not made yet, and NVIDIA's sriov-manage, which makes them, is not "
                       "here: install the vGPU host driver";
        return arena_printf(a,
                            "its %u virtual functions are not made yet, and types show on them alone; a rule with "
                            "[VirtualGPU] makes them, or %s -e %s now",
                            is->total, is->manage, d->address);
}

/* It offers some, or would if it were set up. */
static bool can_offer(const struct device *d, const struct vgpu_facts *is)
{
        return is->kind != VGPU_NONE || (is_nvidia(d) && is->total > 0);
}

struct types_of *types_find(const struct listing *list, size_t one, struct arena *a, size_t *ret_n)
{
        const struct facts *facts = list->plan->facts;
        struct types_of *ret = arena_alloc(a, facts->n_devices * sizeof(*ret));

        *ret_n = 0;
        one = listing_vgpu_of(list, one);
        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];
                const struct vgpu_facts *is = &list->vgpus[i];
                struct types_of *x = &ret[*ret_n];

                if (d->parent || (one != NO_DEVICE ? i != one : !list->means[i] || !can_offer(d, is)))
                        continue;
                *x = (struct types_of){.device = i, .is = is};
                for (size_t c = 0; c < is->n_carriers; c++)
                        add_carrier(is, &is->carriers[c], a, x);
                if (x->n == 0)
                        x->none = why_none(d, is, a);
                ++*ret_n;
        }
        return ret;
}
