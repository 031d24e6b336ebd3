/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/machine.h"

#include <stdio.h>

#include "base/str.h"

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

/* Remapped interrupts have chips of their own: IR-PCI-MSI, IR-IO-APIC (/sys/kernel/irq, since Linux 4.9). */
static enum known read_remapping(const struct root *root, struct arena *a)
{
        enum known remapping = NOT_KNOWN;
        const char **names;
        size_t n;

        root_look_in(root, a, "/sys/kernel/irq", &names, &n);
        for (size_t i = 0; i < n; i++) {
                char path[128], chip[64];

                if (snprintf(path, sizeof(path), "/sys/kernel/irq/%s/chip_name", names[i]) >= (int)sizeof(path) ||
                    root_read(root, path, chip, sizeof(chip)) <= 0)
                        continue;
                if (startswith(chip, "IR-"))
                        return KNOWN_YES;
                /* Those of the IOMMU itself are no sign. */
                if (!startswith(chip, "DMAR") && !startswith(chip, "AMD-Vi") &&
                    (strstr(chip, "IO-APIC") || strstr(chip, "PCI-MSI")))
                        remapping = KNOWN_NO;
        }
        return remapping;
}

void machine_read(const struct root *root, struct arena *a, struct machine *ret)
{
        char *cpuinfo;
        size_t size;

        *ret = (struct machine){};
        root_look(root, a, "/proc/cpuinfo", &cpuinfo, &size);
        ret->cmdline = (struct cmdline_machine){.vendor = vendor(cpuinfo), .remapping = read_remapping(root, a)};
        read_hypervisor(root, a, cpuinfo, ret);
}
