/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/types.h"

#include <stdlib.h>

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

static struct types_row *row_of(struct arena *a, struct types_of *x, const struct vgpu_type *type)
{
        struct types_row *row;

        for (size_t i = 0; i < x->n; i++)
                if (streq(x->rows[i].type->id, type->id))
                        return &x->rows[i];
        row = arena_grow(a, &x->rows, x->n++, sizeof(*x->rows));
        *row = (struct types_row){.type = type, .counted = true};
        return row;
}

static int by_id(const void *a, const void *b)
{
        const struct types_row *x = a, *y = b;

        return strverscmp(x->type->id, y->type->id);
}

/* Those that the driver knows of are there though none of them fits. */
static void add_types(const struct vgpu_facts *is, struct arena *a, struct types_of *x)
{
        for (size_t t = 0; t < is->n_known; t++)
                (void)row_of(a, x, &is->known[t]);
        for (size_t i = 0; i < is->n_carriers; i++)
                for (size_t t = 0; t < is->carriers[i].n_types; t++) {
                        const struct vgpu_type *type = &is->carriers[i].types[t];

                        count(is, &is->carriers[i], type, row_of(a, x, type));
                }
        if (x->n > 0)
                qsort(x->rows, x->n, sizeof(*x->rows), by_id);
}

static enum vgpu_kind kind_of(const struct device *d, const struct vgpu_facts *is)
{
        return vgpu_plain(d, is) ? VGPU_PLAIN : is->kind;
}

static bool is_nvidia(const struct device *d)
{
        return startswith(d->id, "10de:") && d->roles & ROLE_DISPLAY;
}

/* NVIDIA's virtual functions come first, then vgpud tells its driver the types. */
static const char *why_none(const struct device *d, const struct types_of *x, struct arena *a)
{
        const struct vgpu_facts *is = x->is;

        for (size_t i = 0; i < is->n_carriers; i++)
                if (is->carriers[i].unreadable)
                        return "its types cannot be read";
        if (x->kind == VGPU_PLAIN)
                return arena_printf(a,
                                    "no types: each of its virtual functions is a virtual GPU, and %u of at most %u "
                                    "are there; a rule has [VirtualGPU] with Count= and without Type=",
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

bool types_can_be(const struct device *d, const struct vgpu_facts *is)
{
        return kind_of(d, is) != VGPU_NONE || (is_nvidia(d) && is->total > 0);
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

                if (d->parent || (one != NO_DEVICE ? i != one : !list->means[i] || !types_can_be(d, is)))
                        continue;
                *x = (struct types_of){.device = i, .is = is, .kind = kind_of(d, is)};
                add_types(is, a, x);
                if (x->n == 0)
                        x->none = why_none(d, x, a);
                ++*ret_n;
        }
        return ret;
}
