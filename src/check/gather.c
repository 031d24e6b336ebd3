/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks are judged by, from the rooms that know. */
#include "check/gather.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "facts/gather.h"

static void add_module(struct gather *g, const char *name, enum module_state state)
{
        struct check_facts *f = g->facts;
        struct check_module *m;
        char path[PATH_MAX];

        for (size_t i = 0; i < f->n_modules; i++)
                if (streq(f->modules[i].module.name, name))
                        return;
        m = arena_grow(g->arena, &f->modules, f->n_modules, sizeof(*m));
        f->n_modules++;
        m->module = (struct module){.name = name, .state = state};
        if (snprintf(path, sizeof(path), "/sys/module/%s", name) < (int)sizeof(path)) {
                for (char *s = strrchr(path, '/'); *s; s++)
                        if (*s == '-')
                                *s = '_';
                m->loaded = root_exists(g->root, path);
        }
}

/* VFIO's own, and the drivers that rules name or that are chosen for them. */
static int gather_modules(struct gather *g)
{
        static const char *const vfio[] = {"vfio-pci", "vfio", "vfio_iommu_type1", "iommufd"};
        const struct facts *facts = g->plan->facts;
        int k = 0;

        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(vfio); i++)
                add_module(g, vfio[i], MODULE_UNKNOWN);
        for (size_t i = 0; k == 0 && i < facts->n_modules; i++)
                add_module(g, facts->modules[i].name,
                           facts->modules[i].state == MODULE_REGISTERED ? MODULE_REGISTERED : MODULE_UNKNOWN);
        for (size_t i = 0; k == 0 && i < g->plan->n_entries; i++)
                if (g->plan->entries[i].driver)
                        add_module(g, g->plan->entries[i].driver, MODULE_UNKNOWN);
        for (size_t i = 0; k == 0 && facts->kernel && i < g->facts->n_modules; i++)
                if (g->facts->modules[i].module.state == MODULE_UNKNOWN)
                        k = modules_look_up(g->root, g->arena, facts->kernel, &g->facts->modules[i].module, 1);
        return k;
}

int check_gather(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                 struct arena *a, const struct plan *plan, struct check_facts *ret)
{
        struct check_facts facts = {.makers = *makers};
        struct gather g = {.loaders = loaders, .root = root, .arena = a, .plan = plan, .facts = &facts};
        static int (*const steps[])(struct gather *) = {
                gather_modules, gather_devices, gather_interfaces, gather_images, gather_trial,
        };
        int k = 0;

        machine_read(root, a, &facts.machine);
        iommus_read(root, a, &facts.iommus);
        kernel_read(root, a, NULL, &facts.kernel);
        memory_read(root, a, &facts.memory);
        rivals_read(root, a, &facts.rivals);
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(steps); i++)
                k = steps[i](&g);
        if (k == 0)
                *ret = facts;
        return k;
}
