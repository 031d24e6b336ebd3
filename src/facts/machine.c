/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/str.h"
#include "facts/kernel.h"

/* The vendor that cpuinfo names first. */
static enum cpu_vendor vendor(const char *cpuinfo)
{
        static const struct {
                const char *name;
                enum cpu_vendor vendor;
        } vendors[] = {{"GenuineIntel", CPU_INTEL}, {"AuthenticAMD", CPU_AMD}, {"HygonGenuine", CPU_AMD}};

        for (const char *line = cpuinfo; *line; line += *line == '\n') {
                const char *end = strchrnul(line, '\n'), *value = memchr(line, ':', (size_t)(end - line));

                if (value && (startswith(line, "vendor_id") || startswith(line, "CPU implementer"))) {
                        for (size_t i = 0; i < ARRAY_SIZE(vendors); i++)
                                if (memmem(value, (size_t)(end - value), vendors[i].name, strlen(vendors[i].name)))
                                        return vendors[i].vendor;
                        return CPU_OTHER;
                }
                line = end;
        }
        return CPU_UNKNOWN;
}

/* As uname(2) names them; /proc/sys/kernel/arch has it since Linux 6.1. */
static enum cpu_arch arch_named(const char *name)
{
        static const struct {
                const char *name;
                enum cpu_arch arch;
        } names[] = {
                {"x86_64", ARCH_X86},   {"i686", ARCH_X86},      {"aarch64", ARCH_ARM64}, {"ppc64le", ARCH_POWER},
                {"ppc64", ARCH_POWER},  {"riscv64", ARCH_RISCV}, {"s390x", ARCH_OTHER},   {"loongarch64", ARCH_OTHER},
                {"armv7l", ARCH_OTHER}, {"mips64", ARCH_OTHER},
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (streq(name, names[i].name))
                        return names[i].arch;
        return ARCH_UNKNOWN;
}

/* What of cpuinfo only one of them has (arch/ARCH/kernel: cpuinfo.c, setup-common.c, cpu.c, processor.c). */
static enum cpu_arch arch_shown(const char *cpuinfo)
{
        static const struct {
                const char *line;
                enum cpu_arch arch;
        } lines[] = {
                {"vendor_id\t: IBM/S390", ARCH_OTHER},
                {"vendor_id       : IBM/S390", ARCH_OTHER},
                {"vendor_id", ARCH_X86},
                {"CPU implementer", ARCH_ARM64},
                {"cpu\t\t: POWER", ARCH_POWER},
                {"hart", ARCH_RISCV},
                {"CPU Family\t\t: Loongson", ARCH_OTHER},
        };

        for (const char *line = cpuinfo; *line; line += *line == '\n') {
                for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                        if (startswith(line, lines[i].line))
                                return lines[i].arch;
                line = strchrnul(line, '\n');
        }
        return ARCH_UNKNOWN;
}

/* What runs says it itself; else its processors do, and last the configuration that it was built with. */
static enum cpu_arch read_arch(const struct root *root, struct arena *a, const char *cpuinfo)
{
        struct kernel_facts kernel;
        enum cpu_arch arch = ARCH_UNKNOWN;
        char name[64];

        if (root_read(root, "/proc/sys/kernel/arch", name, sizeof(name)) > 0)
                arch = arch_named(name);
        if (arch == ARCH_UNKNOWN)
                arch = arch_shown(cpuinfo);
        if (arch == ARCH_UNKNOWN) {
                kernel_read(root, a, NULL, &kernel);
                arch = kernel.arch;
        }
        return arch;
}

/* Whether the first "flags" line of cpuinfo has that word. */
static enum known flag(const char *cpuinfo, const char *name)
{
        const char *line = startswith(cpuinfo, "flags") ? cpuinfo : strstr(cpuinfo, "\nflags"), *end;
        size_t n = strlen(name);

        if (!line)
                return NOT_KNOWN;
        end = strchrnul(line + 1, '\n');
        for (const char *s = strstr(line, name); s && s < end; s = strstr(s + 1, name))
                if (s > line && strchr(" \t", s[-1]) && (s[n] == ' ' || s[n] == '\n' || s[n] == '\0'))
                        return KNOWN_YES;
        return KNOWN_NO;
}

/* Not only the flag, which a hypervisor can hide; vendors that also rent out whole machines tell nothing. */
static void read_hypervisor(const struct root *root, struct arena *a, const char *cpuinfo, struct machine *ret)
{
        static const char *const vendors[] = {"QEMU",         "KVM", "Red Hat", "VMware, Inc.",
                                              "innotek GmbH", "Xen", "Bochs",   "Parallels"};
        enum known virtual = flag(cpuinfo, "hypervisor");
        char text[128];

        ret->bare_metal = virtual == KNOWN_NO;
        if (virtual == KNOWN_YES) {
                ret->hypervisor = "/proc/cpuinfo has the flag hypervisor";
                return;
        }
        if (root_read(root, "/sys/class/dmi/id/sys_vendor", text, sizeof(text)) <= 0)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(vendors); i++)
                if (streq(text, vendors[i])) {
                        ret->bare_metal = false;
                        ret->hypervisor = arena_printf(a, "/sys/class/dmi/id/sys_vendor is %s", text);
                }
}

/*
 * Remapped interrupts have chips of their own: IR-PCI-MSI, IR-IO-APIC (/sys/kernel/irq, since Linux 4.9); on arm64
 * those of the GIC's ITS are isolated (drivers/irqchip/irq-gic-v3-its.c). What other chips come to is known of x86
 * alone.
 */
static enum known read_remapping(const struct root *root, struct arena *a, enum cpu_arch arch)
{
        bool x86 = arch == ARCH_UNKNOWN || arch == ARCH_X86;
        enum known remapping = NOT_KNOWN;
        const char **names;
        size_t n;

        root_look_in(root, a, "/sys/kernel/irq", &names, &n);
        for (size_t i = 0; i < n; i++) {
                char path[128], chip[64];

                if (snprintf(path, sizeof(path), "/sys/kernel/irq/%s/chip_name", names[i]) >= (int)sizeof(path) ||
                    root_read(root, path, chip, sizeof(chip)) <= 0)
                        continue;
                if ((x86 && startswith(chip, "IR-")) || (arch == ARCH_ARM64 && startswith(chip, "ITS")))
                        return KNOWN_YES;
                /* Those of the IOMMU itself are no sign. */
                if (x86 && !startswith(chip, "DMAR") && !startswith(chip, "AMD-Vi") &&
                    (strstr(chip, "IO-APIC") || strstr(chip, "PCI-MSI")))
                        remapping = KNOWN_NO;
        }
        return remapping;
}

void machine_read(const struct root *root, struct arena *a, struct machine *ret)
{
        char *cpuinfo, *line;
        const char **groups;
        char text[8];
        size_t size, n;

        *ret = (struct machine){};
        root_look(root, a, "/proc/cpuinfo", &cpuinfo, &size);
        ret->cmdline = (struct cmdline_machine){.vendor = vendor(cpuinfo), .arch = read_arch(root, a, cpuinfo)};
        ret->cmdline.remapping = read_remapping(root, a, ret->cmdline.arch);
        if (ret->cmdline.arch != ARCH_X86 && ret->cmdline.arch != ARCH_UNKNOWN)
                ret->cmdline.vendor = CPU_OTHER;
        if (root_look(root, a, "/proc/cmdline", &line, &size) == SOURCE_READ)
                ret->cmdline.booted = line;
        if (root_look_in(root, a, "/sys/kernel/iommu_groups", &groups, &n) == SOURCE_READ)
                ret->cmdline.groups = n > 0 ? KNOWN_YES : KNOWN_NO;
        ret->cmdline.unsafe_interrupts =
                root_read(root, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", text, sizeof(text)) >
                        0 &&
                streq(text, "Y");
        read_hypervisor(root, a, cpuinfo, ret);
}

/*
 * Where the first directory of its path is missing, another file system may have it once the host boots; and of a
 * captured machine nobody may have asked for it.
 */
static enum known look_for(const struct root *root, struct arena *a, const char *path)
{
        const char *top = arena_strndup(a, path, 1 + strcspn(path + 1, "/"));
        _cleanup_(close_fd) int k = root_open_at(root, path, O_PATH);

        if (k >= 0)
                return KNOWN_YES;
        if (root->tap && root->tap->before)
                return NOT_KNOWN;
        return (k == -ENOENT || k == -ENOTDIR) && (streq(top, path) || root_exists(root, top)) ? KNOWN_NO : NOT_KNOWN;
}

void machine_look_for_init(const struct root *root, struct arena *a, const char *line, struct cmdline_machine *machine)
{
        struct token *tokens;
        bool unclosed;
        size_t n;

        cmdline_split(a, line, &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++) {
                struct cmdline_program *program;

                if (!tokens[i].value || tokens[i].value[0] != '/' || !cmdline_name_is(tokens[i].name, "init"))
                        continue;
                program = arena_grow(a, &machine->programs, machine->n_programs, sizeof(*program));
                machine->n_programs++;
                *program = (struct cmdline_program){tokens[i].value, look_for(root, a, tokens[i].value)};
        }
}
