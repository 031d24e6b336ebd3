/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMU, kernel and modules, as they show now. */
#include "check/gather.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "facts/gather.h"
#include "facts/machine.h"

#define TABLES    "/sys/firmware/acpi/tables"
#define GROUPS    "/sys/kernel/iommu_groups"
#define TABLE_MAX ((size_t)4 * 1024 * 1024)

/* DMA Remapping Reporting Structure (VT-d specification): flags behind the ACPI header and the address width. */
#define DMAR_FLAGS          37
#define DMAR_INTREMAP       0x01
#define DMAR_X2APIC_OPT_OUT 0x02

static int gather_tables(struct gather *g)
{
        struct check_tables *t = &g->facts->tables;
        char *dmar;
        size_t size;
        int k;

        t->known = root_exists(g->root, TABLES);
        t->dmar = root_exists(g->root, TABLES "/DMAR");
        t->ivrs = root_exists(g->root, TABLES "/IVRS");
        t->viot = root_exists(g->root, TABLES "/VIOT");
        if (!t->dmar)
                return 0;
        k = root_read_all(g->root, g->arena, TABLES "/DMAR", TABLE_MAX, &dmar, &size);
        if (k < 0 || size <= DMAR_FLAGS || memcmp(dmar, "DMAR", 4) != 0) /* for root alone */
                return 0;
        t->dmar_intremap = dmar[DMAR_FLAGS] & DMAR_INTREMAP ? KNOWN_YES : KNOWN_NO;
        t->dmar_x2apic_opt_out = dmar[DMAR_FLAGS] & DMAR_X2APIC_OPT_OUT ? KNOWN_YES : KNOWN_NO;
        return 0;
}

/* The first "flags" line of cpuinfo has that word: 1, 0, or -1 where there is no such line. */
static int cpu_flag(const char *cpuinfo, const char *flag)
{
        const char *line = startswith(cpuinfo, "flags") ? cpuinfo : strstr(cpuinfo, "\nflags"), *end;
        size_t n = strlen(flag);

        if (!line)
                return -1;
        end = strchrnul(line + 1, '\n');
        for (const char *s = strstr(line, flag); s && s < end; s = strstr(s + 1, flag))
                if (s > line && strchr(" \t", s[-1]) && (s[n] == ' ' || s[n] == '\n' || s[n] == '\0'))
                        return 1;
        return 0;
}

/* Not only the flag, which a hypervisor can hide; vendors that also rent out whole machines tell nothing. */
static int gather_hypervisor(struct gather *g)
{
        static const char *const vendors[] = {"QEMU",         "KVM", "Red Hat", "VMware, Inc.",
                                              "innotek GmbH", "Xen", "Bochs",   "Parallels"};
        char vendor[128], *text;
        size_t size;
        int k = root_read_all(g->root, g->arena, "/proc/cpuinfo", (size_t)16 * 1024 * 1024, &text, &size), flag = -1;

        if (k == 0)
                flag = cpu_flag(text, "hypervisor");
        g->facts->bare_metal = flag == 0;
        if (flag == 1) {
                g->facts->hypervisor = "/proc/cpuinfo has the flag hypervisor";
                return 0;
        }
        if (root_read(g->root, "/sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor)) <= 0)
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(vendors); i++)
                if (streq(vendor, vendors[i])) {
                        g->facts->bare_metal = false;
                        g->facts->hypervisor = arena_printf(g->arena, "/sys/class/dmi/id/sys_vendor is %s", vendor);
                        return 0;
                }
        return 0;
}

/* Which parser of the kernel reads the line goes by the IOMMU that is there, not by the processor. */
static int gather_machine(struct gather *g)
{
        struct check_facts *f = g->facts;

        machine_read(g->root, g->arena, &f->machine);

        if (f->tables.dmar != f->tables.ivrs)
                f->machine.vendor = f->tables.dmar ? CPU_INTEL : CPU_AMD;
        return 0;
}

static int gather_groups(struct gather *g)
{
        const char **names;
        size_t n;
        int k = root_list(g->root, g->arena, GROUPS, &names, &n);

        if (k < 0)
                return 0;
        for (size_t i = 0; i < n; i++) {
                char path[PATH_MAX], text[4096];
                const char **members;
                size_t n_members;
                uint32_t number;
                struct check_group *group;

                if (str_to_u32(names[i], 10, &number) < 0 || number > INT_MAX)
                        continue;
                snprintf(path, sizeof(path), GROUPS "/%s/devices", names[i]);
                k = root_list(g->root, g->arena, path, &members, &n_members);
                /* VFIO's groups without an IOMMU are there for show (drivers/vfio/group.c, "vfio-noiommu"). */
                snprintf(path, sizeof(path), GROUPS "/%s/name", names[i]);
                if (k < 0 || n_members == 0 ||
                    (root_read(g->root, path, text, sizeof(text)) > 0 && streq(text, "vfio-noiommu")))
                        continue;
                group = arena_grow(g->arena, &g->facts->groups, g->facts->n_groups, sizeof(*group));
                g->facts->n_groups++;
                group->number = (int)number;
                snprintf(path, sizeof(path), GROUPS "/%s/type", names[i]);
                if (root_read(g->root, path, text, sizeof(text)) > 0)
                        group->type = arena_strdup(g->arena, text);
                snprintf(path, sizeof(path), GROUPS "/%s/reserved_regions", names[i]);
                if (root_read(g->root, path, text, sizeof(text)) > 0)
                        for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
                                group->direct |=
                                        streq(str_basename(strrchr(line, ' ') ? strrchr(line, ' ') + 1 : ""), "direct");
        }
        return 0;
}

static int gather_kernel(struct gather *g)
{
        struct check_facts *f = g->facts;
        char text[256];
        size_t size;
        bool on;

        (void)!root_read_all(g->root, g->arena, "/proc/cmdline", (size_t)64 * 1024, (char **)&f->cmdline, &size);
        if (root_read(g->root, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", text, sizeof(text)) >
                    0 &&
            cmdline_bool(text, &on) == 0)
                f->unsafe_interrupts = on ? KNOWN_YES : KNOWN_NO;
        kernel_read(g->root, g->arena, NULL, &f->kernel);
        return 0;
}

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

int check_gather(const struct loader *const *loaders, const struct root *root, struct arena *a, const struct plan *plan,
                 struct check_facts *ret)
{
        struct check_facts facts = {};
        struct gather g = {.loaders = loaders, .root = root, .arena = a, .plan = plan, .facts = &facts};
        static int (*const steps[])(struct gather *) = {
                gather_tables,  gather_hypervisor, gather_machine, gather_groups, gather_kernel,    gather_modules,
                gather_devices, gather_memory,     gather_images,  gather_trial,  gather_conflicts,
        };
        int k = root_list(root, a, "/sys/class/iommu", &facts.iommus, &facts.n_iommus);

        k = 0;
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(steps); i++)
                k = steps[i](&g);
        if (k == 0)
                *ret = facts;
        return k;
}
