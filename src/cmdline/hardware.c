/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory, ACPI and APICs that the kernel is to do without: Documentation/admin-guide/kernel-parameters.txt. */
#include <ctype.h>
#include <inttypes.h>

#include "base/str.h"
#include "cmdline/judge.h"

#define MIB   (UINT64_C(1) << 20)
#define LEAST (128 * MIB) /* less than this no distribution's kernel and initrd fit into */

/* The last mem= that is a size: "mem=nopentium" is something else on x86. 0: there is none. */
static uint64_t limit(const struct judge *j, const struct token **ret)
{
        for (size_t i = j->n_tokens; i-- > 0;) {
                const struct token *t = &j->tokens[i];

                if (t->late || !t->value || !cmdline_name_is(t->name, "mem") || !isdigit((unsigned char)*t->value))
                        continue;
                *ret = t;
                return judge_bytes(t->value);
        }
        return 0;
}

void judge_mem(struct judge *j, const struct token *t)
{
        const struct token *last = NULL;
        uint64_t bytes = limit(j, &last);

        if (t != last || bytes >= LEAST || cmdline_was_booted_with(j->machine, j->arena, t->text, t->late))
                return;
        finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "remove it, or mem=8G",
                    "limits the kernel to %" PRIu64
                    " bytes of memory, too few to boot; a number without M or G is in bytes",
                    bytes);
        return finding_harms(j, HARM_BOOT);
}

void judge_memory(struct judge *j)
{
        const struct token *mem = NULL, *pages;
        uint64_t asked = judge_pages(j, &pages), total = j->machine->memory, most = limit(j, &mem);

        if (most >= LEAST && (total == 0 || most < total))
                total = most;
        else
                mem = NULL;
        if (!pages || total == 0 || (asked <= total && total - asked >= LEAST))
                return;
        if (cmdline_was_booted_with(j->machine, j->arena, pages->text, false) &&
            (!mem || cmdline_was_booted_with(j->machine, j->arena, mem->text, false)))
                return;
        finding_add(j, mem ? mem : pages, READER_KERNEL, SEVERITY_ERROR, "fewer huge pages",
                    "huge pages take %" PRIu64 " MiB of the %" PRIu64
                    " MiB of memory that %s, and leave too little to boot",
                    asked / MIB, total / MIB, mem ? "the kernel may use" : "the machine has");
        return finding_harms(j, HARM_BOOT);
}

/* The tables that tell of an IOMMU are ACPI's: DMAR, IVRS. */
void judge_acpi(struct judge *j, const struct token *t)
{
        if (!t->value || !streq(t->value, "off") || j->machine->vendor == CPU_OTHER)
                return;
        finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "remove it",
                    "without ACPI the kernel finds no IOMMU: nothing can be handed over");
        return finding_harms(j, HARM_IOMMU);
}

/* arch/x86/kernel/apic/apic.c, try_to_enable_IR() */
void judge_noapic(struct judge *j, const struct token *t)
{
        if (j->machine->vendor != CPU_OTHER)
                finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "remove it",
                            "switches the I/O APIC off, and interrupt remapping with it, unless the firmware has "
                            "x2APIC on: vfio then hands nothing over, unless unsafe interrupts are allowed");
}

/* "maxcpus=0" is nosmp (kernel-parameters.txt). */
void judge_maxcpus(struct judge *j, const struct token *t)
{
        if (t->value && streq(t->value, "0"))
                judge_noapic(j, t);
}
