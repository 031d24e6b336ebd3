/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IOMMU of other architectures than x86: what describes it, and which drivers it has. */
#include "base/str.h"
#include "check/iommu-cause.h"

#define TABLES "/sys/firmware/acpi/tables"

/* What an architecture calls its IOMMU, and what is to be looked for where there are no groups. */
static const struct kind {
        enum cpu_arch arch;
        const char *name, *drivers, *log;
} kinds[] = {
        {ARCH_ARM64, "SMMU", "CONFIG_ARM_SMMU_V3 and CONFIG_ARM_SMMU", "dmesg | grep -i -e smmu -e iommu"},
        {ARCH_POWER, "IOMMU", "CONFIG_SPAPR_TCE_IOMMU", "dmesg | grep -i -e iommu -e tce"},
        {ARCH_RISCV, "IOMMU", "CONFIG_RISCV_IOMMU", "dmesg | grep -i iommu"},
        {ARCH_OTHER, "IOMMU", NULL, "dmesg | grep -i iommu"},
};

static const struct kind *kind_of(const struct checker *c)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (kinds[i].arch == c->facts->machine.cmdline.arch)
                        return &kinds[i];
        return NULL;
}

bool iommu_is_elsewhere(const struct checker *c)
{
        return kind_of(c);
}

const char *iommu_table_elsewhere(const struct checker *c)
{
        const struct iommu_tables *t = &c->facts->iommus.tables;
        enum cpu_arch arch = c->facts->machine.cmdline.arch;

        return arch == ARCH_ARM64 && t->iort   ? TABLES "/IORT"
               : arch == ARCH_RISCV && t->rimt ? TABLES "/RIMT"
               : t->viot                       ? TABLES "/VIOT"
                                               : NULL;
}

/* Where the firmware has ACPI, a table tells; a device tree is not read. */
static bool firmware_tells(const struct checker *c)
{
        enum cpu_arch arch = c->facts->machine.cmdline.arch;

        return c->facts->iommus.tables.known && (arch == ARCH_ARM64 || arch == ARCH_RISCV);
}

static void cause_without_table(struct checker *c, const struct kind *kind, struct iommu_cause *ret)
{
        bool arm = kind->arch == ARCH_ARM64;

        ret->firmware = true;
        ret->what = arena_join(c->arena, "the firmware describes no ", kind->name, ": no ", arm ? "IORT" : "RIMT",
                               " in " TABLES, NULL);
        ret->fix = !c->facts->machine.hypervisor
                           ? arena_join(c->arena, "enable the ", kind->name, " in the firmware setup", NULL)
                   : arm ? "add an IOMMU to the virtual machine: with QEMU -machine virt,iommu=smmuv3"
                         : "add an IOMMU to the virtual machine: with QEMU -device virtio-iommu-pci";
}

/* iommu=off is read by POWER (arch/powerpc/kernel/prom_init.c). */
static const struct token *switched_off(const struct checker *c)
{
        const struct token *t = cmdline_last(c->tokens, c->n_tokens, "iommu");

        return c->facts->machine.cmdline.arch == ARCH_POWER && t && streq_ptr(t->value, "off") ? t : NULL;
}

void iommu_cause_elsewhere(struct checker *c, struct iommu_cause *ret)
{
        const struct kind *kind = kind_of(c);
        const struct token *off = switched_off(c);

        *ret = (struct iommu_cause){.unknown = !iommu_table_elsewhere(c) && !firmware_tells(c)};
        if (firmware_tells(c) && !iommu_table_elsewhere(c)) {
                cause_without_table(c, kind, ret);
                return;
        }
        if (off) {
                ret->what = arena_join(c->arena, "off in the kernel: ", off->text, " on the kernel command line", NULL);
                ret->fix = arena_join(c->arena, "remove ", off->text, " from the kernel command line and reboot", NULL);
        } else if (c->facts->kernel.iommu_built == KNOWN_NO) {
                ret->what = arena_join(c->arena, "off in the kernel: it is built without ", kind->drivers, " (",
                                       c->facts->kernel.config, ")", NULL);
                ret->fix = arena_join(c->arena, "boot a kernel that has ", kind->drivers, NULL);
        } else {
                ret->what = arena_join(c->arena, "why is not known; no parameter of ",
                                       arch_names[c->facts->machine.cmdline.arch], " switches it on", NULL);
                ret->fix = arena_join(c->arena, "see what the kernel log says: ", kind->log, NULL);
        }
}
