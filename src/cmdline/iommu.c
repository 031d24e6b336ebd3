/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IOMMU, interrupt remapping and PCI: drivers/iommu, arch/x86/kernel/pci-dma.c, drivers/pci/pci.c. */
#include <errno.h>

#include "base/str.h"
#include "cmdline/judge.h"

/* The next item of a comma list, or NULL. */
static char *next_item(char **list)
{
        char *item;

        do
                item = strsep(list, ",");
        while (item && !*item);
        return item;
}

/* These lists are read by the beginning of each item: "online" is "on". */
static const char *read_item(const char *item, const char *const *items, size_t n)
{
        const char *read = NULL;

        for (size_t i = 0; i < n; i++)
                if (streq(item, items[i]) || (!read && startswith(item, items[i])))
                        read = items[i];
        return read;
}

static void unread(struct judge *j, const struct token *t, const char *item, const char *read, const char *fix)
{
        if (read && !streq(item, read))
                finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, fix,
                            "the kernel reads only the beginning of \"%s\", and takes it as %s", item, read);
        if (!read)
                finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, fix,
                            "\"%s\" is not a value of %s=: nothing reads it", item, t->name);
        if (*fix && (!read || !streq(item, read)))
                finding_right(j, t, fix);
}

/* The token without that item of its list; "" if nothing is left. */
static const char *without(struct judge *j, const struct token *t, const char *item)
{
        char *list = arena_strdup(j->arena, t->value), *other;
        const char *text = "";

        while ((other = next_item(&list)))
                if (!streq(other, item))
                        text = arena_join(j->arena, text, *text ? "," : "", other, NULL);
        return *text ? arena_join(j->arena, t->name, "=", text, NULL) : "";
}

/* Whether its list switches on (1), off (-1) or neither, as the last of its items has it. */
static int switches(struct judge *j, const struct token *t)
{
        char *list = t->value ? arena_strdup(j->arena, t->value) : NULL, *item;
        int v = 0;

        while (list && (item = next_item(&list)))
                v = startswith(item, "on") ? 1 : startswith(item, "off") ? -1 : v;
        return v;
}

static const struct token *switched_later(struct judge *j, const struct token *t)
{
        const struct token *last = NULL;

        for (const struct token *o = t + 1; o < j->tokens + j->n_tokens; o++)
                if (!o->late && cmdline_name_is(o->name, t->name) && switches(j, o) != 0)
                        last = o;
        return last;
}

/* Not an error where nobody wants the graphics: some hosts have no picture without (drivers/iommu/intel/iommu.c). */
static void judge_igfx(struct judge *j, const struct token *t, const char *item)
{
        const char *igpu = j->machine->igpu, *right = without(j, t, item);

        if (!igpu)
                return finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "",
                                   "the graphics that the processor has of its own get no IOMMU, and cannot be handed "
                                   "over");
        finding_add(j, t, READER_KERNEL, j->machine->igpu_wanted ? SEVERITY_ERROR : SEVERITY_WARNING,
                    *right ? right : "remove it",
                    "%s, the processor's own graphics, gets no IOMMU, and cannot be handed over%s", igpu,
                    j->machine->igpu_wanted ? ", as a rule wants it to be" : "");
        finding_right(j, t, j->machine->igpu_wanted ? right : NULL);
}

void judge_intel_iommu(struct judge *j, const struct token *t)
{
        static const char *const items[] = {"on",     "off",   "igfx_off", "forcedac",     "strict",
                                            "sp_off", "sm_on", "sm_off",   "tboot_noforce"};
        bool elsewhere = j->machine->vendor == CPU_AMD || j->machine->vendor == CPU_OTHER;
        const struct token *later = switched_later(j, t);
        char *list, *item;
        int v = switches(j, t);

        if (!t->value || !*t->value)
                return finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "intel_iommu=on",
                                   "without a value it does nothing");
        list = arena_strdup(j->arena, t->value);
        while (list && (item = next_item(&list))) {
                unread(j, t, item, read_item(item, items, ARRAY_SIZE(items)), "intel_iommu=on");
                if (startswith(item, "igfx_off") && !elsewhere)
                        judge_igfx(j, t, item);
        }
        if (v == 0)
                return;
        if (later && switches(j, later) != v)
                return finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "",
                                   "without effect: the later %s has the last word", later->text);
        if (v > 0)
                return finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "", "switches VT-d on%s",
                                   elsewhere ? "; this machine has no Intel processor and does not read it" : "");
        if (elsewhere)
                return finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "",
                                   "nothing reads it here: this is not an Intel processor");
        finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "intel_iommu=on",
                    "switches VT-d off: there are no IOMMU groups, and nothing can be handed over");
        finding_right(j, t, "intel_iommu=on");
        return finding_harms(j, HARM_IOMMU);
}

void judge_amd_iommu(struct judge *j, const struct token *t)
{
        static const char *const items[] = {"fullflush", "force_enable", "off",         "force_isolation", "pgtbl_v1",
                                            "pgtbl_v2",  "irtcachedis",  "nohugepages", "v2_pgsizes_only"};
        bool elsewhere = j->machine->vendor == CPU_INTEL || j->machine->vendor == CPU_OTHER;
        char *list = t->value ? arena_strdup(j->arena, t->value) : NULL, *item;

        if (!t->value || !*t->value)
                return finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "", "without a value it does nothing");
        while (list && (item = next_item(&list))) {
                if (streq(item, "on")) {
                        finding_add(
                                j, t, READER_KERNEL, SEVERITY_WARNING, "remove it",
                                "\"on\" is not a value of amd_iommu=: nothing reads it; AMD-Vi is on by itself if the "
                                "firmware has it on");
                        finding_right(j, t, without(j, t, item));
                } else if (startswith(item, "off") && elsewhere)
                        finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "",
                                    "nothing reads it: this is not an AMD processor");
                else if (startswith(item, "off")) {
                        finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "remove it",
                                    "switches AMD-Vi off: there are no IOMMU groups, and nothing can be handed over");
                        finding_harms(j, HARM_IOMMU);
                } else
                        unread(j, t, item, read_item(item, items, ARRAY_SIZE(items)), "");
        }
}

/* The items of iommu= as far as the kernel reads them: nothing behind "usedac". */
static char *iommu_list(struct judge *j, const struct token *t)
{
        char *list = arena_strdup(j->arena, t->value);

        for (char *item = list; item; item = strchr(item, ',')) {
                item += *item == ',';
                if (startswith(item, "usedac")) {
                        item[strcspn(item, ",")] = '\0';
                        break;
                }
        }
        return list;
}

/* Who sets the default domain last: iommu=pt and nopt, iommu.passthrough=. NULL for nobody behind t. */
static const struct token *default_domain_later(struct judge *j, const struct token *t, bool passthrough)
{
        const struct token *last = NULL;
        bool last_is = passthrough;

        for (const struct token *o = t + 1; o < j->tokens + j->n_tokens; o++) {
                char *list, *item;
                bool on;

                if (o->late || !o->value)
                        continue;
                if (cmdline_name_is(o->name, "iommu.passthrough") && cmdline_bool(o->value, &on) == 0) {
                        last = o;
                        last_is = on;
                }
                list = cmdline_name_is(o->name, "iommu") ? iommu_list(j, o) : NULL;
                while (list && (item = next_item(&list)))
                        if (startswith(item, "pt") || startswith(item, "nopt")) {
                                last = o;
                                last_is = startswith(item, "pt");
                        }
        }
        return last && last_is != passthrough ? last : NULL;
}

static void default_domain(struct judge *j, const struct token *t, bool passthrough)
{
        const struct token *later = default_domain_later(j, t, passthrough);

        if (later)
                return finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "",
                                   "without effect: the later %s has the last word", later->text);
        if (passthrough)
                return finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "",
                                   "the host's own devices bypass translation; it switches no IOMMU on, and devices "
                                   "that are handed over are still translated");
        return finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "", "the host's own devices are translated, too");
}

/* Switched on by the processor's own parameter, or by nothing: no kernel reads iommu=on. */
static void iommu_on(struct judge *j, const struct token *t, const char *item)
{
        bool intel = j->machine->vendor == CPU_INTEL || j->machine->vendor == CPU_UNKNOWN;
        const struct token *own = cmdline_last(j->tokens, j->n_tokens, "intel_iommu");
        const char *rest = without(j, t, item);

        finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, intel ? "intel_iommu=on" : "remove it",
                    "\"%s\" is not a value of iommu=: nothing reads it, and it switches nothing on", item);
        if (intel && !(own && switches(j, own) > 0))
                rest = arena_join(j->arena, rest, *rest ? " " : "", "intel_iommu=on", NULL);
        finding_right(j, t, rest);
}

/* iommu= is x86's; POWER has an own one, of other values (kernel-parameters.txt; arch/powerpc/kernel/prom_init.c). */
static bool judge_iommu_elsewhere(struct judge *j, const struct token *t)
{
        enum cpu_arch arch = j->machine->arch;
        bool pt = startswith(t->value, "pt"), generic = arch == ARCH_ARM64 || arch == ARCH_RISCV;
        const char *right = pt && generic ? "iommu.passthrough=1" : "";

        if (arch == ARCH_UNKNOWN || arch == ARCH_X86 || (arch == ARCH_POWER && !pt && !startswith(t->value, "on")))
                return false;
        finding_add(j, t, READER_KERNEL, SEVERITY_INFO, *right ? right : "remove it",
                    "a parameter of x86: nothing reads it here, on %s", arch_names[arch]);
        finding_right(j, t, right);
        return true;
}

void judge_iommu(struct judge *j, const struct token *t)
{
        static const char *const items[] = {"off",        "force",   "noforce",   "biomerge",   "panic", "nopanic",
                                            "merge",      "nomerge", "forcesac",  "allowdac",   "nodac", "usedac",
                                            "soft",       "pt",      "nopt",      "memaper",    "leak",  "noagp",
                                            "noaperture", "allowed", "fullflush", "nofullflush"};
        char *list, *item;
        size_t length;

        if (!t->value || !*t->value)
                return finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "remove it",
                                   "without a value it does nothing");
        if (judge_iommu_elsewhere(j, t))
                return;
        list = iommu_list(j, t);
        length = strlen(list);
        if (t->value[length])
                finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "",
                            "the kernel reads nothing after usedac: \"%s\" is ignored", t->value + length + 1);
        while ((item = next_item(&list))) {
                const char *read = read_item(item, items, ARRAY_SIZE(items));

                /* An old AMD GART's: its size, and two that have a number. */
                if ((*item >= '0' && *item <= '9') || startswith(item, "memaper=") || startswith(item, "leak="))
                        continue;

                if (!read && startswith(item, "on"))
                        iommu_on(j, t, item);
                else
                        unread(j, t, item, read, "");
                if (!read)
                        continue;
                if (streq(read, "off")) {
                        finding_add(
                                j, t, READER_KERNEL, SEVERITY_ERROR, "remove it",
                                "switches every IOMMU off, whatever else the line says: nothing can be handed over");
                        finding_harms(j, HARM_IOMMU);
                } else if (streq(read, "pt") || streq(read, "nopt"))
                        default_domain(j, t, streq(read, "pt"));
                else if (streq(read, "soft"))
                        finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "remove it",
                                    "bounce buffers for the host's devices; of no use while an IOMMU is on");
        }
}

static void not_a_bool(struct judge *j, const struct token *t)
{
        return finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "", "the kernel wants 0 or 1 here and ignores \"%s\"",
                           t->value ? t->value : "");
}

void judge_iommu_passthrough(struct judge *j, const struct token *t)
{
        bool on;

        if (t->value && cmdline_bool(t->value, &on) == 0)
                default_domain(j, t, on);
        else
                not_a_bool(j, t);
}

void judge_iommu_bool(struct judge *j, const struct token *t)
{
        bool on;

        if (!t->value || cmdline_bool(t->value, &on) < 0)
                not_a_bool(j, t);
}

static void remapping_off(struct judge *j, const struct token *t)
{
        static const char *const params[] = {"vfio_iommu_type1.allow_unsafe_interrupts",
                                             "iommufd.allow_unsafe_interrupts"};
        bool allowed = j->machine->unsafe_interrupts, on;

        for (size_t i = 0; i < ARRAY_SIZE(params); i++) {
                const struct token *o = cmdline_last(j->tokens, j->n_tokens, params[i]);

                allowed |= o && (!o->value || (cmdline_bool(o->value, &on) == 0 && on));
        }
        finding_add(j, t, READER_KERNEL, allowed ? SEVERITY_WARNING : SEVERITY_ERROR, "remove it",
                    allowed ? "switches interrupt remapping off: a guest can raise any interrupt of the host"
                            : "switches interrupt remapping off: without it vfio hands nothing over, unless unsafe "
                              "interrupts are allowed");
        return finding_harms(j, HARM_HANDOVER);
}

/* Whether an intremap= switches on (1), off (-1) or neither, as the last of its items has it; nointremap is off. */
static int remaps(struct judge *j, const struct token *t)
{
        return t->late ? 0 : cmdline_name_is(t->name, "nointremap") ? -1 : switches(j, t);
}

/* Off, and no later token switches it on again. */
static void judge_remapping(struct judge *j, const struct token *t)
{
        if (remaps(j, t) >= 0)
                return;
        for (const struct token *o = t + 1; o < j->tokens + j->n_tokens; o++)
                if ((cmdline_name_is(o->name, "intremap") || cmdline_name_is(o->name, "nointremap")) &&
                    remaps(j, o) != 0) {
                        if (remaps(j, o) > 0)
                                finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "",
                                            "without effect: the later %s has the last word", o->text);
                        return;
                }
        return remapping_off(j, t);
}

void judge_intremap(struct judge *j, const struct token *t)
{
        static const char *const items[] = {"on", "off", "nosid", "no_x2apic_optout", "nopost", "posted_msi"};
        char *list = t->value ? arena_strdup(j->arena, t->value) : NULL, *item;

        if (!t->value || !*t->value)
                return finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "remove it",
                                   "without a value it does nothing");
        while (list && (item = next_item(&list)))
                unread(j, t, item, read_item(item, items, ARRAY_SIZE(items)), "");
        judge_remapping(j, t);
}

/* Interrupt remapping is switched on with the local APIC (arch/x86/kernel/apic/apic.c, enable_IR_x2apic). */
void judge_nolapic(struct judge *j, const struct token *t)
{
        if (j->machine->vendor != CPU_OTHER)
                remapping_off(j, t);
}

void judge_nointremap(struct judge *j, const struct token *t)
{
        return judge_remapping(j, t);
}

void judge_acs_override(struct judge *j, const struct token *t)
{
        return finding_add(
                j, t, READER_KERNEL, SEVERITY_WARNING, "remove it",
                "only patched kernels read it; there it splits IOMMU groups that the hardware does not isolate");
}

void judge_pci(struct judge *j, const struct token *t)
{
        char *list = t->value ? arena_strdup(j->arena, t->value) : NULL, *item;

        while (list && (item = next_item(&list))) {
                /* Documentation/admin-guide/kernel-parameters.txt, pci=off: "don't probe for the PCI bus" (x86) */
                if (streq(item, "off") && j->machine->vendor != CPU_OTHER &&
                    !cmdline_was_booted_with(j->machine, j->arena, t->text, t->late)) {
                        finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "remove off",
                                    "the kernel looks for no PCI device: the host has no disk to boot from, and "
                                    "nothing can be handed over");
                        finding_harms(j, HARM_BOOT);
                } else if (streq(item, "nomsi"))
                        finding_add(
                                j, t, READER_KERNEL, SEVERITY_WARNING, "remove nomsi",
                                "no device can use MSI, and interrupt remapping needs it: many guests' drivers fail");
                else if (startswith(item, "disable_acs_redir="))
                        finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "",
                                    "switches ACS off for peer-to-peer DMA: IOMMU groups grow");
                else if (streq(item, "noats"))
                        finding_add(j, t, READER_KERNEL, SEVERITY_INFO, "", "no device uses its own translation cache");
        }
}
