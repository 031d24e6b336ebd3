/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/iommus.h"

#include <limits.h>
#include <stdio.h>

#include "base/str.h"

#define TABLES "/sys/firmware/acpi/tables"
#define GROUPS "/sys/kernel/iommu_groups"

/* DMA Remapping Reporting Structure (VT-d specification): flags behind the ACPI header and the address width. */
#define DMAR_FLAGS          37
#define DMAR_INTREMAP       0x01
#define DMAR_X2APIC_OPT_OUT 0x02

static void read_tables(const struct root *root, struct arena *a, struct iommu_tables *ret)
{
        char *dmar;
        size_t size;

        ret->known = root_exists(root, TABLES);
        ret->dmar = root_exists(root, TABLES "/DMAR");
        ret->ivrs = root_exists(root, TABLES "/IVRS");
        ret->viot = root_exists(root, TABLES "/VIOT");
        ret->iort = root_exists(root, TABLES "/IORT");
        ret->rimt = root_exists(root, TABLES "/RIMT");
        root_look(root, a, TABLES "/DMAR", &dmar, &size); /* for root alone */
        if (size <= DMAR_FLAGS || memcmp(dmar, "DMAR", 4) != 0)
                return;
        ret->dmar_intremap = dmar[DMAR_FLAGS] & DMAR_INTREMAP ? KNOWN_YES : KNOWN_NO;
        ret->dmar_x2apic_opt_out = dmar[DMAR_FLAGS] & DMAR_X2APIC_OPT_OUT ? KNOWN_YES : KNOWN_NO;
}

static ssize_t group_read(const struct root *root, const char *group, const char *file, char *buf, size_t size)
{
        char path[PATH_MAX];

        snprintf(path, sizeof(path), GROUPS "/%s/%s", group, file);
        return root_read(root, path, buf, size);
}

bool iommu_has_direct(const char *regions)
{
        for (const char *at = regions; (at = strstr(at, " direct"));)
                if (*(at += strlen(" direct")) == '\n' || !*at)
                        return true;
        return false;
}

static void read_group(const struct root *root, struct arena *a, const char *name, struct iommus *ret)
{
        struct iommu_group *group;
        char text[4096];
        const char **members;
        uint32_t number;
        size_t n;

        if (!str_to_u32(name, 10, &number) || number > INT_MAX)
                return;
        root_look_in(root, a, arena_join(a, GROUPS "/", name, "/devices", NULL), &members, &n);
        /* VFIO's groups without an IOMMU are there for show (drivers/vfio/group.c, "vfio-noiommu"). */
        if (n == 0 || (group_read(root, name, "name", text, sizeof(text)) > 0 && streq(text, "vfio-noiommu")))
                return;
        group = arena_grow(a, &ret->groups, ret->n_groups, sizeof(*group));
        ret->n_groups++;
        group->number = (int)number;
        if (group_read(root, name, "type", text, sizeof(text)) > 0)
                group->type = arena_strdup(a, text);
        if (group_read(root, name, "reserved_regions", text, sizeof(text)) > 0)
                group->direct = iommu_has_direct(text);
}

void iommus_read(const struct root *root, struct arena *a, struct iommus *ret)
{
        const char **names;
        char text[256];
        size_t n;
        bool on;

        *ret = (struct iommus){};
        read_tables(root, a, &ret->tables);
        root_look_in(root, a, "/sys/class/iommu", &ret->names, &ret->n);
        root_look_in(root, a, GROUPS, &names, &n);
        for (size_t i = 0; i < n; i++)
                read_group(root, a, names[i], ret);
        if (root_read(root, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", text, sizeof(text)) >
                    0 &&
            cmdline_bool(text, &on) == 0)
                ret->unsafe_interrupts = on ? KNOWN_YES : KNOWN_NO;
}
