/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmdline/judge.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "cmdline/pasted.h"

const char *const reader_names[READER_MAX_] = {"kernel", "module", "kmod", "dracut", "systemd", "passthrough"};
const char *const severity_names[SEVERITY_MAX_] = {"error", "warning", "info"};

#define EACH 1 /* each one of them counts, not the last alone */

/* Names that are read. '-' and '_' are one to the kernel; those of kmod and dracut, who compare bytes, have neither. */
static const struct name {
        const char *name;
        enum cmdline_reader reader;
        unsigned flags;
        judge_token judge;
} names[] = {
        {"intel_iommu", READER_KERNEL, EACH, judge_intel_iommu},
        {"amd_iommu", READER_KERNEL, EACH, judge_amd_iommu},
        {"iommu", READER_KERNEL, EACH, judge_iommu},
        {"iommu.passthrough", READER_KERNEL, EACH, judge_iommu_passthrough},
        {"iommu.strict", READER_KERNEL, 0, judge_iommu_bool},
        {"iommu.forcedac", READER_KERNEL, 0, judge_iommu_bool},
        {"intremap", READER_KERNEL, EACH, judge_intremap},
        {"nointremap", READER_KERNEL, EACH, judge_nointremap},
        {"pcie_acs_override", READER_KERNEL, 0, judge_acs_override},
        {"pci", READER_KERNEL, EACH, judge_pci},
        {"root", READER_DRACUT, EACH, judge_root},
        {"init", READER_DRACUT, EACH, judge_init},
        {"rdinit", READER_KERNEL, EACH, judge_rdinit},
        {"mem", READER_KERNEL, EACH, judge_mem},
        {"acpi", READER_KERNEL, EACH, judge_acpi},
        {"noapic", READER_KERNEL, EACH, judge_noapic},
        {"nosmp", READER_KERNEL, EACH, judge_noapic},
        {"maxcpus", READER_KERNEL, EACH, judge_maxcpus},
        {"nolapic", READER_KERNEL, EACH, judge_nolapic},
        {"systemd.unit", READER_SYSTEMD, EACH, judge_unit},
        {"rd.systemd.unit", READER_SYSTEMD, EACH, judge_unit},
        {"systemd.run", READER_SYSTEMD, EACH, judge_run},
        {"systemd.mask", READER_SYSTEMD, EACH, judge_mask},
        {"rd.systemd.mask", READER_SYSTEMD, EACH, judge_mask},
        {"emergency", READER_SYSTEMD, EACH, judge_rescue},
        {"rescue", READER_SYSTEMD, EACH, judge_rescue},
        {"single", READER_SYSTEMD, EACH, judge_rescue},
        {"rd.emergency", READER_SYSTEMD, EACH, judge_rescue},
        {"rd.rescue", READER_SYSTEMD, EACH, judge_rescue},
        {"s", READER_SYSTEMD, EACH, judge_rescue},
        {"S", READER_SYSTEMD, EACH, judge_rescue},
        {"1", READER_SYSTEMD, EACH, judge_rescue},
        {"-b", READER_SYSTEMD, EACH, judge_rescue},
        {"rd.break", READER_DRACUT, EACH, judge_rd_break},
        {"hugepagesz", READER_KERNEL, EACH, judge_hugepagesz},
        {"hugepages", READER_KERNEL, EACH, judge_hugepages},
        {"default_hugepagesz", READER_KERNEL, EACH, judge_default_hugepagesz},
        {"hugetlb_cma", READER_KERNEL, 0, judge_hugetlb_cma},
        {"module_blacklist", READER_KERNEL, 0, judge_module_blacklist},
        {"modprobe.blacklist", READER_KMOD, EACH, judge_modprobe_blacklist},
        {"rd.driver.blacklist", READER_DRACUT, EACH, judge_rd_blacklist},
        {"rdblacklist", READER_DRACUT, EACH, judge_old_blacklist},
        {"rd.driver.pre", READER_DRACUT, EACH, judge_rd_load},
        {"rd.driver.post", READER_DRACUT, EACH, judge_rd_load},
        {"rdloaddriver", READER_DRACUT, EACH, judge_old_load},
        {"rdinsmodpost", READER_DRACUT, EACH, judge_old_load},
        {"initcall_blacklist", READER_KERNEL, EACH, judge_initcall_blacklist},
        {"nomodeset", READER_KERNEL, EACH, judge_nomodeset},
        {"video", READER_KERNEL, EACH, judge_video},
        {"passthrough", READER_PASSTHROUGH, EACH, judge_passthrough},
        {"passthrough.skip", READER_PASSTHROUGH, EACH, judge_passthrough_skip},
        {"passthrough.trial", READER_PASSTHROUGH, EACH, judge_passthrough_trial},
        {"elfcorehdr", READER_PASSTHROUGH, EACH, judge_kdump},
};

/* Names of others that may stand beside them: no slips of ours, and a slip of these is worth a word, too. */
static const char *const others[] = {
        "BOOT_IMAGE",
        "acpi_osi",
        "apparmor",
        "audit",
        "biosdevname",
        "boot_delay",
        "clocksource",
        "cma",
        "console",
        "coredump_filter",
        "cpuidle",
        "crashkernel",
        "debug",
        "delayacct",
        "earlycon",
        "earlyprintk",
        "efi",
        "efi_pstore",
        "enforcing",
        "fbcon",
        "fips",
        "fsck.mode",
        "fsck.repair",
        "gpt",
        "hugetlb_free_vmemmap",
        "idle",
        "ignore_loglevel",
        "initrd",
        "intel_idle.max_cstate",
        "intel_pstate",
        "iomem",
        "ip",
        "ipv6.disable",
        "irqaffinity",
        "irqpoll",
        "isolcpus",
        "kaslr",
        "loglevel",
        "log_buf_len",
        "lockdown",
        "lsm",
        "mce",
        "memmap",
        "mitigations",
        "module.sig_enforce",
        "net.ifnames",
        "nmi_watchdog",
        "no_timer_check",
        "nofb",
        "nohz",
        "nohz_full",
        "nokaslr",
        "nomce",
        "noresume",
        "nosmap",
        "nosmep",
        "nosmt",
        "nospectre_v1",
        "nospectre_v2",
        "notsc",
        "nowatchdog",
        "nox2apic",
        "numa",
        "numa_balancing",
        "panic",
        "pcie_aspm",
        "pcie_port_pm",
        "pcie_ports",
        "plymouth.enable",
        "preempt",
        "processor.max_cstate",
        "psi",
        "pti",
        "quiet",
        "rcu_nocbs",
        "reboot",
        "resume",
        "resume_offset",
        "rhgb",
        "ro",
        "rootdelay",
        "rootflags",
        "rootfstype",
        "rootwait",
        "rw",
        "security",
        "selinux",
        "serial",
        "skew_tick",
        "spectre_v2",
        "splash",
        "swapaccount",
        "swiotlb",
        "sysrq_always_enabled",
        "threadirqs",
        "transparent_hugepage",
        "tsc",
        "tsx",
        "usbcore.autosuspend",
        "vga",
        "vmalloc",
        "vt.handoff",
        "x2apic_phys",
        "zswap.enabled",
};

static void unread(struct judge *j, const struct token *t, const char *right, const char *message)
{
        finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, right, "%s", message);
        finding_right(j, t, right);
}

static bool is_name(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (cmdline_name_is(name, names[i].name))
                        return true;
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                if (cmdline_name_is(name, others[i]))
                        return true;
        return judge_is_parameter(name);
}

/* Signs of print and of pages, which are letters to whoever reads the line. Others' tokens may have what they like. */
static bool judge_print(struct judge *j, const struct token *t)
{
        const char *what, *plain;
        bool quotes;

        plain = pasted_plain(j->arena, t->text, &what, &quotes);
        if (!plain || (!quotes && !is_name(arena_strndup(j->arena, plain, strcspn(plain, "=")))))
                return false;
        unread(j, t, plain, arena_join(j->arena, "has ", what, ", which the kernel takes for a letter", NULL));
        return true;
}

/* People write these as comma lists; of other names nobody says where a value ends. */
static bool is_list(const char *name)
{
        static const char *const lists[] = {
                "vfio_pci.ids",       "pci_stub.ids",        "module_blacklist",
                "modprobe.blacklist", "rd.driver.blacklist", "rd.driver.pre",
                "rd.driver.post",     "pcie_acs_override",   "pci",
                "intel_iommu",        "amd_iommu",           "iommu",
                "passthrough.skip",
        };

        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                if (cmdline_name_is(name, lists[i]))
                        return true;
        return false;
}

/* A blank in a list: what is behind it is a token of its own. */
static bool judge_torn(struct judge *j, const struct token *t)
{
        size_t at = (size_t)(t - j->tokens), head;
        const char *list = is_name(t->name) ? NULL : pasted_list(j->arena, j->tokens, j->n_tokens, at, &head);

        if (list && is_list(j->tokens[head].name)) {
                finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, list,
                            "nothing reads it: a blank ends the list of %s=", j->tokens[head].name);
                finding_right(j, t, "");
                if (!j->right[head] || *j->right[head]) /* a list that is to go takes its rest along */
                        finding_right(j, &j->tokens[head], list);
                return true;
        }
        if (!t->value && pasted_is_id(t->text))
                unread(j, t, "", "nothing reads a device's ID by itself; a rule in /etc/passthrough.d hands over");
        return !t->value && pasted_is_id(t->text);
}

/* The end of a token alone, or a module's parameter without its module. */
static bool judge_end(struct judge *j, const struct token *t)
{
        const char *whole = pasted_whole(t->text), *meant = whole ? NULL : judge_parameter_meant(j, t);

        if (whole)
                unread(j, t, whole, "nothing reads that by itself");
        else if (meant)
                unread(j, t, meant, "nothing reads it: a module's parameter has the module in front");
        return whole || meant;
}

/* A slip of the pen: near to one of the names, and none itself. */
static void slip(struct judge *j, const struct token *t)
{
        const char *all[ARRAY_SIZE(names) + ARRAY_SIZE(others)], *near;
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                if (cmdline_name_is(t->name, others[i]))
                        return;
                all[n++] = others[i];
        }
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                all[n++] = names[i].name;
        near = str_nearest_within(t->name, all, n, 5);
        if (near)
                unread(j, t, arena_join(j->arena, near, strchr(t->text, '=') ? strchr(t->text, '=') : "", NULL),
                       arena_join(j->arena, "nothing reads it; a slip for ", near, "?", NULL));
}

/* What its reader makes of quotes, where one might think otherwise. */
static void quotes(struct judge *j, const struct token *t, const struct name *known)
{
        if (known->reader == READER_KERNEL && t->value && strchr(t->value, '\''))
                return finding_add(j, t, READER_KERNEL, SEVERITY_WARNING, "no quotes",
                                   "the kernel knows only double quotes: these are part of the value");
}

/* The token that counts, if the last one does. One without a value is refused and changes nothing. */
static const struct token *last_taken(const struct judge *j, const struct token *t, const char *name)
{
        for (size_t i = j->n_tokens; t->value && i-- > 0;)
                if (j->tokens[i].value && !j->tokens[i].late && cmdline_name_is(j->tokens[i].name, name))
                        return &j->tokens[i];
        return t;
}

static void judge_one(struct judge *j, const struct token *t, bool printed)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct token *last;

                if (!cmdline_name_is(t->name, names[i].name))
                        continue;
                last = names[i].flags & EACH ? t : last_taken(j, t, names[i].name);
                if (last != t)
                        return finding_add(j, t, names[i].reader, SEVERITY_WARNING, "",
                                           "without effect: the later %s has the last word", last->text);
                quotes(j, t, &names[i]);
                return names[i].judge(j, t);
        }
        if (printed || judge_torn(j, t) || judge_end(j, t))
                return;
        if (startswith(t->name, "passthrough."))
                return finding_add(j, t, READER_PASSTHROUGH, SEVERITY_ERROR, "passthrough=off or passthrough.skip=RULE",
                                   "there is no such switch");
        return slip(j, t);
}

/* What the kernel would read if it did not stop at "--"; *ret_stopped says whether that is so. */
static void behind_dashes(struct judge *j, const struct token *t, bool *ret_stopped)
{
        *ret_stopped = true;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                if (!cmdline_name_is(t->name, names[i].name))
                        continue;
                *ret_stopped = names[i].reader == READER_KERNEL;
                if (*ret_stopped)
                        finding_add(j, t, READER_KERNEL, SEVERITY_ERROR, "in front of --",
                                    "stands behind \"--\", where the kernel stops reading");
                return;
        }
        *ret_stopped = !startswith(t->name, "passthrough.");
}

static void line_as_a_whole(struct judge *j, const char *line, bool unclosed)
{
        size_t length = strlen(line);

        if (length > 0 && line[length - 1] == '\n') /* /proc/cmdline's own */
                length--;

        if (unclosed)
                finding_add(j, j->n_tokens > 0 ? &j->tokens[j->n_tokens - 1] : NULL, READER_KERNEL, SEVERITY_ERROR,
                            "a closing \"", "a quote is not closed: the kernel takes all that follows for one token");
        if (unclosed)
                finding_harms(j, HARM_HANDOVER);
        for (size_t i = 0; length >= CMDLINE_SIZE && i < j->n_tokens; i++)
                if (j->tokens[i].at + strlen(j->tokens[i].text) >= CMDLINE_SIZE)
                        return finding_add(
                                j, &j->tokens[i], READER_KERNEL, SEVERITY_ERROR, "a shorter line",
                                "the line has %zu characters and the kernel cuts it after %d: this token and what "
                                "follows is lost",
                                length, CMDLINE_SIZE - 1);
}

/* The line with each token as it is right to write; NULL where none changes. */
static const char *right_line(const struct judge *j)
{
        const char *line = "";
        bool changed = false;

        for (size_t i = 0; i < j->n_tokens; i++) {
                const char *text = j->right[i] ? j->right[i] : j->tokens[i].text;

                changed |= j->right[i] != NULL;
                line = arena_join(j->arena, line, *line && *text ? " " : "", text, NULL);
        }
        return changed ? str_printable(j->arena, line) : NULL;
}

void cmdline_judge(const char *line, const struct cmdline_machine *machine, struct arena *a, struct findings *ret)
{
        struct judge j = {.machine = machine, .arena = a, .findings = ret};
        struct token *tokens;
        bool unclosed, known, printed, stopped = false;

        cmdline_split(a, line, &tokens, &j.n_tokens, &unclosed);

        *ret = (struct findings){};
        j.tokens = tokens;
        j.right = arena_alloc(a, (j.n_tokens + 1) * sizeof(*j.right));
        j.current = &j.unnamed;
        for (size_t i = 0; i < j.n_tokens; i++) {
                const struct token *t = &tokens[i];

                printed = judge_print(&j, t);
                judge_module_parameter(&j, t, &known);
                if (!known && t->late)
                        behind_dashes(&j, t, &stopped);
                if (!known && !(t->late && stopped))
                        judge_one(&j, t, printed);
        }
        judge_sizes(&j);
        judge_memory(&j);
        line_as_a_whole(&j, line, unclosed);
        ret->right = unclosed ? NULL : right_line(&j);
}
