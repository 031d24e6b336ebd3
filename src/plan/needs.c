/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/needs.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"

#define GIB (UINT64_C(1) << 30)

struct builder {
        const struct config *config;
        const struct settings *settings;
        const struct needs_machine *machine;
        struct arena *arena;
        struct needs *needs;
        struct huge_plan pages; /* what of them the machine has memory for, where that is known */
};

static void add(struct builder *b, struct need **list, size_t *n, const char *text, const char *why)
{
        struct need *need = arena_grow(b->arena, list, *n, sizeof(**list));

        *need = (struct need){.token = text, .why = why};
        ++*n;
}

static void add_token(struct builder *b, const char *token, const char *why)
{
        add(b, &b->needs->tokens, &b->needs->n_tokens, token, why);
}

/* ---- IOMMU ----------------------------------------------------------------------------------------------------- */

bool needs_iommu(const struct config *config)
{
        bool needed = false;

        for (size_t i = 0; i < config->n_rules; i++) {
                const struct rule *rule = &config->rules[i];

                needed |= !rule->invalid && (rule->driver != DRIVER_NATIVE || rule->sriov || rule->vgpu) &&
                          rule->bus->iommu;
        }
        return needed;
}

static bool iommu_needed(const struct builder *b)
{
        return b->settings->iommu_on || needs_iommu(b->config);
}

/* AMD-Vi is on by itself where the firmware has it on, and has no token that switches it on. */
static void add_intel_iommu(struct builder *b)
{
        enum cpu_vendor vendor = b->machine->cpu.vendor;
        enum known on = b->machine->kernel.intel_iommu_on;
        const char *why;

        if (vendor == CPU_AMD || vendor == CPU_OTHER || (on == KNOWN_YES && !b->settings->iommu_on))
                return;
        if (vendor == CPU_UNKNOWN)
                why = "switches VT-d on if the processor is Intel's (unknown here); others ignore it";
        else if (on == KNOWN_YES)
                why = "IOMMU=on: VT-d is on, whatever the kernel does by itself";
        else if (on == KNOWN_NO)
                why = "switches VT-d on; this kernel does not do so by itself, or not for every device";
        else
                why = "switches VT-d on; this kernel may do so by itself (unknown)";
        add_token(b, "intel_iommu=on", why);
}

/* Whether the administrator's own tokens say how the host's devices are translated: iommu=pt or nopt in any list. */
static bool default_domain_given(const struct builder *b)
{
        for (size_t i = 0; i < b->settings->n_command_line; i++) {
                const char *token = b->settings->command_line[i], *equals = strchr(token, '='), *item;
                char name[32] = "";

                if (!equals || (size_t)(equals - token) >= sizeof(name))
                        continue;
                memcpy(name, token, (size_t)(equals - token));
                if (cmdline_name_is(name, "iommu.passthrough"))
                        return true;
                if (!cmdline_name_is(name, "iommu"))
                        continue;
                for (item = equals + 1; *item; item += *item == ',') {
                        if (startswith(item, "pt") || startswith(item, "nopt"))
                                return true;
                        item += strcspn(item, ",");
                }
        }
        return false;
}

/*
 * Documentation/admin-guide/kernel-parameters.txt, iommu.passthrough: "Configure DMA to bypass the IOMMU by default";
 * iommu=pt is the same on x86, the one place that reads it. Nothing needs it, but an IOMMU that was switched on for the
 * guests' sake would else cost the host's own devices a translation for each DMA.
 */
static void add_passthrough(struct builder *b)
{
        enum cpu_arch arch = b->machine->cpu.arch;

        /* POWER's host bridges let the host's own devices pass by themselves (iommu=nobypass). */
        if (b->machine->kernel.iommu_passthrough == KNOWN_YES || default_domain_given(b) || arch == ARCH_POWER ||
            arch == ARCH_OTHER)
                return;
        add_token(b, b->machine->cpu.vendor == CPU_OTHER ? "iommu.passthrough=1" : "iommu=pt",
                  "the host's own devices do DMA without translation, as fast as with the IOMMU off; devices that are "
                  "handed over are still translated");
}

/* ---- parameters of modules ------------------------------------------------------------------------------------- */

/* modprobe.d does nothing for what is built in; the command line is read for both, by the kernel or by kmod. */
static void add_parameter(struct builder *b, enum known builtin, const char *module, const char *parameter,
                          const char *why)
{
        char *option;

        if (builtin != KNOWN_NO) {
                add_token(b, arena_join(b->arena, module, ".", parameter, "=1", NULL),
                          arena_join(b->arena, why, "; here because ", module,
                                     builtin == KNOWN_YES ? " is built into this kernel"
                                                          : " may be built into the kernel (unknown)",
                                     NULL));
                return;
        }
        option = arena_join(b->arena, "options ", module, " ", parameter, "=1", NULL);
        for (char *c = option; c && *c; c++)
                *c = *c == '-' ? '_' : *c;
        add(b, &b->needs->options, &b->needs->n_options, option, why);
}

/* iommufd, since Linux 6.2, has a parameter of its own, which counts where a guest is opened through it. */
static void add_unsafe_interrupts(struct builder *b)
{
        static const char *const whys[] = {
                [NOT_KNOWN] = "UnsafeInterrupts=yes; needed only if the machine has no interrupt remapping (unknown "
                              "here): guests can raise any interrupt of the host",
                [KNOWN_NO] = "UnsafeInterrupts=yes: the machine has no interrupt remapping, and without this option "
                             "vfio hands nothing over; guests can raise any interrupt of the host",
                [KNOWN_YES] = "UnsafeInterrupts=yes, not needed here, as interrupt remapping works: guests can raise "
                              "any interrupt of the host",
        };
        const char *why = whys[b->machine->cpu.remapping];

        if (b->machine->cpu.arch != ARCH_POWER)
                add_parameter(b, b->machine->kernel.vfio_iommu_type1_builtin, "vfio_iommu_type1",
                              "allow_unsafe_interrupts", why);

        if (kernel_since(b->machine->kernel.release, 6, 2) == KNOWN_NO)
                return;
        add_parameter(b, b->machine->kernel.iommufd_builtin, "iommufd", "allow_unsafe_interrupts", why);
}

/* ---- huge pages ------------------------------------------------------------------------------------------------ */

/* Smaller ones are reserved in the initrd; of a gigabyte in one piece there may be none left by then. */
static bool reserved_at_boot(const struct huge_pages *p)
{
        uint64_t count = p->has_count ? p->count : 0;

        for (size_t i = 0; !p->has_count && i < p->n_nodes; i++)
                count |= p->nodes[i].count;
        return p->size >= GIB && count > 0;
}

/* x86 has 2M for programs that name no size. */
static bool default_by_itself(const struct builder *b, const struct huge_pages *p)
{
        enum cpu_vendor vendor = b->machine->cpu.vendor;

        return p->size == UINT64_C(2) << 20 && (vendor == CPU_INTEL || vendor == CPU_AMD);
}

/* "0:8,1:8": of a node that is not online, for which nothing is asked, there must be no word. */
static char *count_by_node(struct builder *b, const struct huge_pages *p)
{
        char *list = arena_strdup(b->arena, "");

        for (size_t i = 0; list && i < p->n_nodes; i++)
                if (p->nodes[i].count > 0)
                        list = arena_printf(b->arena, "%s%s%" PRIu32 ":%" PRIu64, list, *list ? "," : "",
                                            p->nodes[i].node, p->nodes[i].count);
        return list;
}

/*
 * The form by node is read since Linux 5.16 (commit b5389086ad7b); kernels before take "0:8" for no pages, so it is for
 * those alone that are known to read it.
 */
static void add_count(struct builder *b, const struct huge_pages *p)
{
        bool by_node = !p->has_count && kernel_since(b->machine->kernel.release, 5, 16) == KNOWN_YES;
        uint64_t total = p->has_count ? p->count : 0;
        char *list;

        for (size_t i = 0; !p->has_count && i < p->n_nodes; i++)
                total += p->nodes[i].count;
        list = by_node ? count_by_node(b, p) : arena_printf(b->arena, "%" PRIu64, total);
        add_token(b, list ? arena_join(b->arena, "hugepages=", list, NULL) : NULL,
                  by_node        ? "the number of pages of that size, by NUMA node"
                  : p->has_count ? "the number of pages of that size"
                                 : "the number of pages of that size; Linux before 5.16 does not read it by node, so "
                                   "the initrd sets the nodes");
}

/* A count is for the size in front of it, and a size is taken once: default first (mm/hugetlb.c). */
static void add_huge_pages(struct builder *b)
{
        const struct settings *s = b->settings;

        for (size_t i = 0; i < s->n_pages; i++)
                if (s->pages[i].is_default && !default_by_itself(b, &s->pages[i]))
                        add_token(b, arena_join(b->arena, "default_hugepagesz=", s->pages[i].name, NULL),
                                  "Default=yes: the size of huge pages for programs that name none");
        for (size_t i = 0; i < s->n_pages; i++) {
                const struct huge_pages *p = &s->pages[i];

                const struct huge_entry *refused = reserve_refused(&b->pages, p->name);

                if (!reserved_at_boot(p))
                        continue;
                /* The kernel would take what there is, and leave the host nothing to boot with. */
                if (refused) {
                        add(b, &b->needs->refused, &b->needs->n_refused, p->name, refused->reason);
                        continue;
                }
                add_token(b, arena_join(b->arena, "hugepagesz=", p->name, NULL),
                          "pages of this size are reserved at boot, before memory is fragmented");
                add_count(b, p);
        }
}

/* ---- the administrator's own ----------------------------------------------------------------------------------- */

/* What stands there already; counts of huge pages mean something else at each place. */
static bool there(const struct needs *needs, const char *token)
{
        for (size_t i = 0; i < needs->n_tokens; i++)
                if (streq(needs->tokens[i].token, token) && !startswith(token, "hugepages"))
                        return true;
        return false;
}

static void add_command_line(struct builder *b)
{
        for (size_t i = 0; i < b->settings->n_command_line; i++)
                if (!there(b->needs, b->settings->command_line[i])) {
                        add_token(b, b->settings->command_line[i], "CommandLine= of passthrough.conf");
                        b->needs->tokens[b->needs->n_tokens - 1].from = b->settings->command_line_from[i];
                }
}

struct needs needs_build(const struct config *config, const struct settings *settings,
                         const struct needs_machine *machine, struct arena *a)
{
        struct needs needs = {};
        struct builder b = {.config = config, .settings = settings, .machine = machine, .arena = a, .needs = &needs};

        needs.handover = iommu_needed(&b);
        if (needs.handover) {
                add_intel_iommu(&b);
                add_passthrough(&b);
                if (machine->cpu.arch == ARCH_OTHER)
                        needs.unknown = "which kernel parameters the IOMMU of this architecture needs is not known "
                                        "here, and none is added for it";
        }
        if (settings->unsafe_interrupts == SETTING_YES)
                add_unsafe_interrupts(&b);
        if (settings->disable_idle_d3 == SETTING_YES)
                add_parameter(&b, machine->kernel.vfio_pci_builtin, "vfio-pci", "disable_idle_d3",
                              "DisableIdleD3=yes: unused devices stay powered");
        if (machine->memory)
                b.pages = reserve_plan(settings, machine->memory, NULL, a);
        add_huge_pages(&b);
        add_command_line(&b);
        return needs;
}
