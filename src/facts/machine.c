/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel command line is judged for: the processor, and whether interrupts are remapped. */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "facts/machine.h"

static void read_vendor(const struct root *root, struct arena *a, enum cpu_vendor *ret)
{
        static const struct {
                const char *line;
                enum cpu_vendor vendor;
        } vendors[] = {{"GenuineIntel", CPU_INTEL}, {"AuthenticAMD", CPU_AMD}, {"HygonGenuine", CPU_AMD}};
        char *text, *line;
        size_t size;
        int k = root_read_all(root, a, "/proc/cpuinfo", (size_t)16 * 1024 * 1024, &text, &size);

        if (k < 0)
                return;
        while ((line = strsep(&text, "\n"))) {
                char *value = strchr(line, ':');

                if (!value || !(startswith(line, "vendor_id") || startswith(line, "CPU implementer")))
                        continue;
                *ret = CPU_OTHER;
                for (size_t i = 0; i < ARRAY_SIZE(vendors); i++)
                        if (strstr(value, vendors[i].line))
                                *ret = vendors[i].vendor;
                return;
        }
}

/* Remapped interrupts have chips of their own: IR-PCI-MSI, IR-IO-APIC (/sys/kernel/irq, since Linux 4.9). */
static void read_remapping(const struct root *root, struct arena *a, enum known *ret)
{
        const char **names;
        size_t n;
        int k = root_list(root, a, "/sys/kernel/irq", &names, &n);

        if (k < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                char path[128], chip[64];

                if (snprintf(path, sizeof(path), "/sys/kernel/irq/%s/chip_name", names[i]) >= (int)sizeof(path) ||
                    root_read(root, path, chip, sizeof(chip)) <= 0)
                        continue;
                if (startswith(chip, "IR-")) {
                        *ret = KNOWN_YES;
                        return;
                }
                /* Those of the IOMMU itself are no sign. */
                if (!startswith(chip, "DMAR") && !startswith(chip, "AMD-Vi") &&
                    (strstr(chip, "IO-APIC") || strstr(chip, "PCI-MSI")))
                        *ret = KNOWN_NO;
        }
}

void machine_read(const struct root *root, struct arena *a, struct cmdline_machine *ret)
{
        *ret = (struct cmdline_machine){};
        read_vendor(root, a, &ret->vendor);
        read_remapping(root, a, &ret->remapping);
}
