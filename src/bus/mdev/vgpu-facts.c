/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device offers of virtual GPUs, as its driver shows it. */
#include "base/str.h"
#include "bus/mdev/vgpu.h"

struct look {
        const struct root *root;
        struct arena *arena;
        const struct facts *facts;
};

static const char *text_of(const struct look *x, const char *dir, const char *file)
{
        char text[1024];

        if (root_read(x->root, arena_join(x->arena, dir, "/", file, NULL), text, sizeof(text)) <= 0)
                return NULL;
        return str_printable(x->arena, text);
}

static void look_at_types(const struct look *x, const char *sysfs, struct vgpu_carrier *ret)
{
        const char **names, *all = arena_join(x->arena, sysfs, "/" MDEV_TYPES, NULL);
        size_t n;

        ret->unreadable = root_list(x->root, x->arena, all, &names, &n) < 0;
        for (size_t i = 0; i < n && !ret->unreadable; i++) {
                struct vgpu_type *t = arena_grow(x->arena, &ret->types, ret->n_types++, sizeof(*ret->types));
                const char *dir = arena_join(x->arena, all, "/", names[i], NULL), *available;

                *t = (struct vgpu_type){.id = str_printable(x->arena, names[i]),
                                        .name = text_of(x, dir, "name"),
                                        .description = text_of(x, dir, "description"),
                                        .api = text_of(x, dir, "device_api")};
                t->name = t->name ? t->name : t->id;
                available = text_of(x, dir, "available_instances");
                t->counted = available && str_to_u32(available, 10, &t->available);
        }
}

void vgpu_look(const struct root *root, struct arena *a, const struct facts *facts, size_t device,
               struct vgpu_facts *ret)
{
        const struct look x = {root, a, facts};
        struct vgpu_carrier parent = {.device = device, .index = UINT32_MAX};

        *ret = (struct vgpu_facts){};
        look_at_types(&x, facts->devices[device].sysfs, &parent);
        if (parent.n_types == 0 && !parent.unreadable)
                return;
        ret->kind = VGPU_MEDIATED;
        *(struct vgpu_carrier *)arena_grow(a, &ret->carriers, ret->n_carriers++, sizeof(parent)) = parent;
}
