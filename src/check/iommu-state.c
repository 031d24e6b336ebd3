/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IOMMU: whether it is there and on; and where it is not, who has it off: firmware, hypervisor or kernel. */

#include "base/str.h"
#include "check/iommu-cause.h"

static const char turn_on_intel[] =
        "enable VT-d (Intel Virtualization Technology for Directed I/O) in the firmware setup";
static const char turn_on_amd[] = "enable AMD-Vi (AMD IOMMU, and SVM) in the firmware setup";
static const char turn_on_any[] = "enable the IOMMU (VT-d of Intel, AMD-Vi of AMD) in the firmware setup";
static const char give_iommu[] =
        "add an IOMMU to the virtual machine: with QEMU -machine q35,kernel-irqchip=split -device "
        "intel-iommu,intremap=on,caching-mode=on, with libvirt <iommu model='intel'>";

static const char *tables(const struct checker *c)
{
        const struct iommu_tables *t = &c->facts->iommus.tables;

        if (iommu_is_elsewhere(c))
                return iommu_table_elsewhere(c);
        return t->dmar   ? "/sys/firmware/acpi/tables/DMAR"
               : t->ivrs ? "/sys/firmware/acpi/tables/IVRS"
               : t->viot ? "/sys/firmware/acpi/tables/VIOT"
                         : NULL;
}

/* An item of a comma list that begins so, as the kernel compares them. */
static bool has_item(const char *list, const char *item)
{
        for (const char *s = list; s; s = strchr(s, ',') ? strchr(s, ',') + 1 : NULL)
                if (startswith(s, item))
                        return true;
        return false;
}

/* "on" or "off", whichever intel_iommu= has last; NULL where it has neither. */
static const struct token *intel_switch(const struct checker *c, bool *ret_on)
{
        const struct token *found = NULL;

        for (size_t i = 0; i < c->n_tokens; i++) {
                const struct token *t = &c->tokens[i];

                if (t->late || !t->value || !cmdline_name_is(t->name, "intel_iommu"))
                        continue;
                for (const char *s = t->value; s; s = strchr(s, ',') ? strchr(s, ',') + 1 : NULL)
                        if (startswith(s, "on") || startswith(s, "off")) {
                                *ret_on = startswith(s, "on");
                                found = t;
                        }
        }
        return found;
}

/* The last token of that name with that item; for those the kernel knows no way back from. */
static const struct token *switched_off(const struct checker *c, const char *name)
{
        const struct token *found = NULL;

        for (size_t i = 0; i < c->n_tokens; i++)
                if (!c->tokens[i].late && c->tokens[i].value && cmdline_name_is(c->tokens[i].name, name) &&
                    has_item(c->tokens[i].value, "off"))
                        found = &c->tokens[i];
        return found;
}

static void cause_token(struct checker *c, const struct token *t, const char *fix, struct iommu_cause *ret)
{
        ret->what = arena_printf(c->arena, "off in the kernel: %s on the kernel command line", t->text);
        ret->fix = fix ? fix : arena_printf(c->arena, "remove %s from the kernel command line and reboot", t->text);
}

static void cause_intel(struct checker *c, struct iommu_cause *ret)
{
        static const char add[] =
                "write IOMMU=on below [Host] into /etc/passthrough.conf, run passthroughctl apply, and reboot";
        const struct check_facts *f = c->facts;
        bool on = false;
        const struct token *t = intel_switch(c, &on);

        if (t && !on) {
                cause_token(c, t,
                            arena_printf(c->arena, "replace %s by intel_iommu=on on the kernel command line and reboot",
                                         t->text),
                            ret);
                return;
        }
        if (f->kernel.intel_iommu_built == KNOWN_NO) {
                ret->what = arena_printf(c->arena, "off in the kernel: it is built without CONFIG_INTEL_IOMMU (%s)",
                                         f->kernel.config);
                ret->fix = "boot a kernel that has CONFIG_INTEL_IOMMU";
        } else if (!t && !c->plan->facts->cmdline) {
                ret->what = "off in the kernel: why is not known, for want of /proc/cmdline";
                ret->fix = add;
        } else if (!t && f->kernel.intel_iommu_on != KNOWN_YES && f->kernel.intel_iommu_most != KNOWN_YES) {
                ret->what = arena_printf(
                        c->arena, "off in the kernel: intel_iommu=on is missing on the command line, %s%s",
                        f->kernel.intel_iommu_on == KNOWN_NO
                                ? "and CONFIG_INTEL_IOMMU_DEFAULT_ON is not set in "
                                : "and whether this kernel does without is not known: no configuration of it is there",
                        f->kernel.intel_iommu_on == KNOWN_NO ? f->kernel.config : "");
                ret->fix = add;
        } else {
                ret->what = "off in the kernel: VT-d is described and switched on, and came to nothing";
                ret->fix = "the kernel log says why: dmesg | grep -e DMAR -e IOMMU";
        }
}

static void cause_amd(struct checker *c, struct iommu_cause *ret)
{
        const struct token *t = switched_off(c, "amd_iommu");

        if (t) {
                cause_token(c, t, NULL, ret);
                return;
        }
        if (c->facts->kernel.amd_iommu_built == KNOWN_NO) {
                ret->what = arena_printf(c->arena, "off in the kernel: it is built without CONFIG_AMD_IOMMU (%s)",
                                         c->facts->kernel.config);
                ret->fix = "boot a kernel that has CONFIG_AMD_IOMMU";
        } else {
                ret->what = "off in the kernel: AMD-Vi is described, no token is against it, and it came to nothing";
                ret->fix = "the kernel log says why: dmesg | grep -e AMD-Vi -e IOMMU";
        }
}

static void cause_without_table(struct checker *c, struct iommu_cause *ret)
{
        const struct check_facts *f = c->facts;

        ret->firmware = true;
        ret->fix = f->machine.cmdline.vendor == CPU_INTEL ? turn_on_intel
                   : f->machine.cmdline.vendor == CPU_AMD ? turn_on_amd
                                                          : turn_on_any;
        if (!f->iommus.tables.known) {
                ret->what = "not known to be on: there is no /sys/firmware/acpi/tables to tell";
                return;
        }
        if (f->machine.hypervisor) {
                ret->what = arena_printf(c->arena,
                                         "this is a virtual machine without a virtual IOMMU: no DMAR, IVRS or VIOT in "
                                         "/sys/firmware/acpi/tables, and %s",
                                         f->machine.hypervisor);
                ret->fix = give_iommu;
                return;
        }
        ret->what =
                arena_printf(c->arena, "off in the firmware: no DMAR or IVRS in /sys/firmware/acpi/tables%s",
                             f->machine.bare_metal ? ", and this is no virtual machine (no CPU flag hypervisor)" : "");
}

static void find_cause(struct checker *c, struct iommu_cause *ret)
{
        const struct token *off = switched_off(c, "iommu");

        *ret = (struct iommu_cause){};
        if (iommu_is_elsewhere(c)) {
                iommu_cause_elsewhere(c, ret);
                return;
        }
        if (!tables(c)) {
                cause_without_table(c, ret);
                return;
        }
        if (off && !c->facts->iommus.tables.viot) {
                cause_token(c, off, NULL, ret);
                return;
        }
        if (c->facts->iommus.tables.dmar) {
                cause_intel(c, ret);
                return;
        }
        if (c->facts->iommus.tables.ivrs) {
                cause_amd(c, ret);
                return;
        }
        ret->what = "off in the kernel: the firmware describes a virtual IOMMU, and no driver has it";
        ret->fix = arena_join(c->arena,
                              "load virtio_iommu early: ", c->facts->makers.maker->load_early(c->arena, "virtio_iommu"),
                              NULL);
}

static const char *names_of_iommus(struct checker *c)
{
        const char *text = "";

        for (size_t i = 0; i < c->facts->iommus.n; i++)
                text = arena_join(c->arena, text, i > 0 ? ", " : "", c->facts->iommus.names[i], NULL);
        return *text ? text : "none";
}

static void firmware(struct checker *c, const struct iommu_cause *cause)
{
        static const char id[] = "firmware.iommu";
        const char *table = tables(c);

        if (c->live)
                check_row(c, id, CHECK_PASS, "",
                          "it is on: %zu IOMMU groups have devices (/sys/kernel/iommu_groups), "
                          "/sys/class/iommu has %s, %s%s",
                          c->facts->iommus.n_groups, names_of_iommus(c),
                          table                   ? "the table is "
                          : iommu_is_elsewhere(c) ? "on "
                                                  : "but no firmware table of it was found",
                          table                   ? table
                          : iommu_is_elsewhere(c) ? arch_names[c->facts->machine.cmdline.arch]
                                                  : "");
        else if (cause->unknown)
                check_row(c, id, CHECK_UNKNOWN, "",
                          "cannot be determined here (no table of the firmware's on %s tells)",
                          arch_names[c->facts->machine.cmdline.arch]);
        else if (cause->firmware)
                check_row(c, id, CHECK_FAIL, cause->fix, "%s", cause->what);
        else
                check_row(c, id, CHECK_PASS, "", "it is on: %s is there; what is wrong is behind it, see iommu.enabled",
                          table);
}

/* "DMA-FQ 10, identity 2" */
static const char *types(struct checker *c)
{
        const struct check_facts *f = c->facts;
        const char *text = "";

        for (size_t i = 0; i < f->iommus.n_groups; i++) {
                size_t n = 0, before = 0;

                for (size_t j = 0; j < f->iommus.n_groups; j++)
                        if (streq_ptr(f->iommus.groups[j].type, f->iommus.groups[i].type)) {
                                n++;
                                before += j < i;
                        }
                if (before == 0)
                        text = arena_printf(c->arena, "%s%s%s %zu", text, *text ? ", " : "",
                                            f->iommus.groups[i].type ? f->iommus.groups[i].type : "unknown", n);
        }
        return text;
}

/*
 * "direct" regions: the firmware goes on using memory through the device, and the kernel gives the device to nobody
 * else; "direct-relaxable" ones do not matter (Documentation/ABI/testing/sysfs-kernel-iommu_groups).
 */
static void direct_regions(struct checker *c, bool *ret_found)
{
        for (size_t g = 0; g < c->facts->iommus.n_groups; g++)
                for (size_t i = 0; c->facts->iommus.groups[g].direct && i < c->plan->n_entries; i++) {
                        const struct plan_entry *e = &c->plan->entries[i];
                        const struct device *d = check_device(c, e);

                        if (d->group != c->facts->iommus.groups[g].number || !check_taken(e) ||
                            !driver_is_vfio(e->driver))
                                continue;
                        *ret_found = true;
                        check_row(c, "iommu.enabled", CHECK_FAIL,
                                  "look in the firmware setup or with the vendor for what keeps this region (RMRR) for "
                                  "the device, or leave the device to the host",
                                  "group %d has %s of rule %s, and a region of type direct in "
                                  "/sys/kernel/iommu_groups/%d/reserved_regions: the firmware uses memory through it, "
                                  "and the kernel does not let VFIO have such a device (only direct-relaxable ones)",
                                  d->group, d->address, check_rule(c, e), d->group);
                        break;
                }
}

static void enabled(struct checker *c, const struct iommu_cause *cause)
{
        bool direct = false;

        if (!c->live) {
                check_row(c, "iommu.enabled", CHECK_FAIL, cause->firmware ? "see firmware.iommu" : cause->fix,
                          "no device is in an IOMMU group (/sys/kernel/iommu_groups): %s",
                          cause->firmware ? "the machine offers no IOMMU" : cause->what);
                return;
        }
        direct_regions(c, &direct);
        if (!direct)
                check_row(c, "iommu.enabled", CHECK_PASS, "",
                          "%zu IOMMU groups in /sys/kernel/iommu_groups, by type: %s", c->facts->iommus.n_groups,
                          types(c));
}

/* As the module has it now, or where it is not loaded, as the command line will have it. */
static bool unsafe_interrupts(const struct checker *c)
{
        bool allowed = c->facts->iommus.unsafe_interrupts == KNOWN_YES, on;

        for (size_t i = 0; c->facts->iommus.unsafe_interrupts == NOT_KNOWN && i < c->n_tokens; i++)
                if (cmdline_name_is(c->tokens[i].name, "vfio_iommu_type1.allow_unsafe_interrupts") &&
                    (!c->tokens[i].value || cmdline_bool(c->tokens[i].value, &on) == 0))
                        allowed = !c->tokens[i].value || on;
        return allowed;
}

static void not_remapped(struct checker *c)
{
        static const char id[] = "iommu.interrupt-remapping";
        const struct iommu_tables *t = &c->facts->iommus.tables;
        const char *why = "", *fix = "enable interrupt remapping in the firmware setup (with VT-d, AMD-Vi or x2APIC)";

        if (t->dmar && t->dmar_intremap == KNOWN_NO)
                why = "; the firmware says that this machine has none (flags of /sys/firmware/acpi/tables/DMAR)";
        else if (t->dmar && t->dmar_x2apic_opt_out == KNOWN_YES)
                why = "; the firmware asks for x2APIC not to be used (flags of /sys/firmware/acpi/tables/DMAR)";
        for (size_t i = 0; i < c->n_tokens; i++)
                if (!c->tokens[i].late && (cmdline_name_is(c->tokens[i].name, "nointremap") ||
                                           (cmdline_name_is(c->tokens[i].name, "intremap") && c->tokens[i].value &&
                                            has_item(c->tokens[i].value, "off")))) {
                        why = "; the kernel command line switches it off";
                        fix = arena_printf(c->arena, "remove %s from the kernel command line and reboot",
                                           c->tokens[i].text);
                }
        if (unsafe_interrupts(c))
                check_row(c, id, CHECK_WARN, fix,
                          "off: no chip below /sys/kernel/irq is an IR- one%s; VFIO goes on without it, since "
                          "allow_unsafe_interrupts is set, and a guest can then send the host any interrupt",
                          why);
        else
                check_row(c, id, CHECK_FAIL,
                          arena_join(c->arena, fix,
                                     "; where that is not to be had and the guests are trusted, "
                                     "vfio_iommu_type1.allow_unsafe_interrupts=1",
                                     NULL),
                          "off: no chip below /sys/kernel/irq is an IR- one%s; without it VFIO refuses every device",
                          why);
}

static void remapping(struct checker *c)
{
        static const char id[] = "iommu.interrupt-remapping";

        enum cpu_arch arch = c->facts->machine.cmdline.arch;

        if (c->facts->machine.cmdline.remapping == KNOWN_YES)
                check_row(c, id, CHECK_PASS, "", "on: /sys/kernel/irq has chips whose names begin with %s",
                          arch == ARCH_ARM64 ? "ITS" : "IR-");
        else if (arch == ARCH_POWER)
                check_row(c, id, CHECK_SKIP, "", "VFIO asks for none on POWER");
        else if (!c->live)
                check_row(c, id, CHECK_SKIP, "", "there is no IOMMU at work, see iommu.enabled");
        else if (c->facts->machine.cmdline.remapping == NOT_KNOWN)
                check_row(c, id, CHECK_UNKNOWN, "",
                          "cannot be determined here (no interrupt chip in /sys/kernel/irq%s)",
                          iommu_is_elsewhere(c) ? " that tells" : "");
        else
                not_remapped(c);
}

/* All that rules make are mediated devices, whose driver keeps their memory apart: nothing goes through the IOMMU. */
static bool is_not_needed(const struct checker *c)
{
        bool makes = false;

        for (size_t i = 0; i < c->plan->config->n_rules; i++)
                makes |= check_makes_vgpus(&c->plan->config->rules[i]);
        return makes && !c->in->settings->iommu_on && !needs_iommu(c->plan->config);
}

void check_iommu(struct checker *c)
{
        static const char *const ids[] = {"firmware.iommu", "iommu.enabled", "iommu.interrupt-remapping"};
        struct iommu_cause cause = {};

        if (!c->live && is_not_needed(c)) {
                for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
                        check_row(c, ids[i], CHECK_SKIP, "",
                                  "no rule needs it: the drivers of mediated devices do without");
                return;
        }
        if (!c->live)
                find_cause(c, &cause);
        firmware(c, &cause);
        enabled(c, &cause);
        remapping(c);
}
