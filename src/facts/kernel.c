/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a kernel without running it: its configuration, and the list of what is built in. */
#include "facts/kernel.h"

#include "base/str.h"
#include "facts/gather.h"

/* A boolean that a configuration does not have, or has as "# CONFIG_X is not set", is off. */
static enum known option(const char *config, const char *line)
{
        size_t n = strlen(line);

        for (const char *c = config; (c = strstr(c, line)); c += n)
                if ((c == config || c[-1] == '\n') && (c[n] == '\n' || c[n] == '\0'))
                        return KNOWN_YES;
        return KNOWN_NO;
}

static enum cpu_arch arch_of(const char *config)
{
        static const struct {
                const char *line;
                enum cpu_arch arch;
        } lines[] = {
                {"CONFIG_X86=y", ARCH_X86},     {"CONFIG_ARM64=y", ARCH_ARM64}, {"CONFIG_PPC64=y", ARCH_POWER},
                {"CONFIG_RISCV=y", ARCH_RISCV}, {"CONFIG_S390=y", ARCH_OTHER},  {"CONFIG_LOONGARCH=y", ARCH_OTHER},
                {"CONFIG_MIPS=y", ARCH_OTHER},  {"CONFIG_ARM=y", ARCH_OTHER},
        };

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                if (option(config, lines[i].line) == KNOWN_YES)
                        return lines[i].arch;
        return ARCH_UNKNOWN;
}

/* drivers/iommu/Kconfig, and POWER's own; NOT_KNOWN of an architecture whose drivers are not known here. */
static enum known has_iommu(const char *config, enum cpu_arch arch)
{
        static const struct {
                enum cpu_arch arch;
                const char *lines[3];
        } drivers[] = {
                {ARCH_ARM64, {"CONFIG_ARM_SMMU_V3=y", "CONFIG_ARM_SMMU=y", "CONFIG_ARM_SMMU_V3=m"}},
                {ARCH_POWER, {"CONFIG_SPAPR_TCE_IOMMU=y"}},
                {ARCH_RISCV, {"CONFIG_RISCV_IOMMU=y"}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
                for (size_t k = 0; drivers[i].arch == arch; k++) {
                        if (k == ARRAY_SIZE(drivers[i].lines) || !drivers[i].lines[k])
                                return KNOWN_NO;
                        if (option(config, drivers[i].lines[k]) == KNOWN_YES)
                                return KNOWN_YES;
                }
        return NOT_KNOWN;
}

/*
 * Where a kernel's configuration is: Debian's and Fedora's place, and that of images, which have nothing in /boot.
 */
static void read_config(const struct root *root, struct arena *a, struct kernel_facts *kernel)
{
        const char *paths[] = {arena_printf(a, "/boot/config-%s", kernel->release),
                               arena_printf(a, "/lib/modules/%s/config", kernel->release)};

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                char *config;
                size_t size;

                root_look(root, a, paths[i], &config, &size);
                if (!strstr(config, "CONFIG_"))
                        continue;
                kernel->config = paths[i];
                kernel->arch = arch_of(config);
                kernel->iommu_built = has_iommu(config, kernel->arch);
                kernel->intel_iommu_built = option(config, "CONFIG_INTEL_IOMMU=y");
                kernel->amd_iommu_built = option(config, "CONFIG_AMD_IOMMU=y");
                kernel->intel_iommu_most = option(config, "CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y");
                kernel->intel_iommu_on = option(config, "CONFIG_INTEL_IOMMU_DEFAULT_ON=y");
                kernel->iommu_passthrough = option(config, "CONFIG_IOMMU_DEFAULT_PASSTHROUGH=y");
                return;
        }
}

static void read_builtin(const struct root *root, struct arena *a, struct kernel_facts *kernel)
{
        struct module modules[] = {{.name = "vfio-pci"}, {.name = "vfio_iommu_type1"}, {.name = "iommufd"}};
        enum known *known[] = {&kernel->vfio_pci_builtin, &kernel->vfio_iommu_type1_builtin, &kernel->iommufd_builtin};

        modules_look_up(root, a, kernel->release, modules, ARRAY_SIZE(modules));
        for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
                if (modules[i].state != MODULE_UNKNOWN)
                        *known[i] = modules[i].state == MODULE_BUILTIN ? KNOWN_YES : KNOWN_NO;
}

void kernel_read(const struct root *root, struct arena *a, const char *release, struct kernel_facts *ret)
{
        struct kernel_facts kernel = {};
        char running[256];

        if (!release && root_read(root, "/proc/sys/kernel/osrelease", running, sizeof(running)) > 0)
                release = running;
        *ret = kernel;
        if (!release || strchr(release, '/'))
                return;
        kernel.release = arena_strdup(a, release);
        read_config(root, a, &kernel);
        read_builtin(root, a, &kernel);
        *ret = kernel;
}
