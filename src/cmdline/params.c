/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MODULE.PARAMETER: what modules of this field take (modinfo -p, Linux 5.10 to 6.18). */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "cmdline/judge.h"

/* How much of an ID vfio_pci_fill_ids() reads (drivers/vfio/pci/vfio_pci.c): 0 where there are no two fields. */
static size_t id_length(const char *id, bool *ret_fits)
{
        const char *c = id;
        size_t fields = 0;

        for (*ret_fits = true; fields < 6 && isxdigit((unsigned char)*c); fields++) {
                char *end;

                *ret_fits &= strtoul(c, &end, 16) <= 0xffff || fields >= 2;
                c = end;
                if (*c != ':')
                        return fields >= 1 ? (size_t)(c - id) : 0;
                c++;
        }
        return fields >= 2 ? (size_t)(c - id) - 1 : 0;
}

/* A comma list of vendor:device[:subvendor[:subdevice[:class[:mask]]]]. */
static void ids_of(struct judge *j, const struct token *t, const char *driver, const char *fix, const char *effect)
{
        char *list, *id;
        bool any = false;

        if (!t->value || t->value[strspn(t->value, ",")] == '\0')
                return finding_add(j, t, READER_MODULE, SEVERITY_WARNING, "", "names no device");
        list = arena_strdup(j->arena, t->value);
        while ((id = strsep(&list, ","))) {
                bool fits;
                size_t length = id_length(id, &fits);

                if (!*id)
                        continue;
                if (length == 0 || !fits)
                        finding_add(j, t, READER_MODULE, SEVERITY_ERROR, "vendor:device in hex, such as 10de:1b06",
                                    "\"%s\" is not an ID: %s takes no device for it", id, driver);
                else if (id[length])
                        finding_add(j, t, READER_MODULE, SEVERITY_WARNING, "vendor:device in hex, such as 10de:1b06",
                                    "%s reads only \"%.*s\" of \"%s\" and ignores the rest", driver, (int)length, id,
                                    id);
                any |= length > 0 && fits;
        }
        if (any)
                finding_add(j, t, READER_MODULE, SEVERITY_WARNING, fix, "%s", effect);
}

static void ids(struct judge *j, const struct token *t)
{
        ids_of(j, t, "vfio-pci", "a rule in /etc/passthrough.d",
               "takes every device with such an ID, also a twin that the host needs, and only if vfio-pci loads "
               "before the native driver");
}

/* pci-stub keeps devices from their drivers, and hands nothing over (drivers/pci/pci-stub.c). */
static void stub_ids(struct judge *j, const struct token *t)
{
        ids_of(j, t, "pci-stub", "a rule in /etc/passthrough.d; passthroughctl add --from=cmdline makes one",
               "keeps every device with such an ID from its driver, also a twin that the host needs, and hands none "
               "over");
}

static void unsafe_interrupts(struct judge *j, const struct token *t)
{
        bool on;

        if (t->value && cmdline_bool(t->value, &on) == 0 && !on)
                return finding_add(j, t, READER_MODULE, SEVERITY_INFO, "", "the default");
        switch (j->machine->remapping) {
        case KNOWN_YES:
                return finding_add(j, t, READER_MODULE, SEVERITY_WARNING, "remove it",
                                   "not needed here, as interrupt remapping works; it lets guests raise any interrupt "
                                   "of the host");
        case KNOWN_NO:
                return finding_add(j, t, READER_MODULE, SEVERITY_WARNING, "",
                                   "needed here, as this machine has no interrupt remapping; guests can raise any "
                                   "interrupt of the host, so give devices only to guests that you trust");
        default:
                return finding_add(j, t, READER_MODULE, SEVERITY_WARNING,
                                   "remove it if `passthroughctl check` finds remapping",
                                   "guests can raise any interrupt of the host; needed only if the machine has no "
                                   "interrupt remapping");
        }
}

static void noiommu(struct judge *j, const struct token *t)
{
        bool on;

        if (t->value && cmdline_bool(t->value, &on) == 0 && !on)
                return;
        finding_add(j, t, READER_MODULE, SEVERITY_WARNING, "remove it",
                    "devices can be opened without an IOMMU: whoever opens one can read and write all memory");
}

static void modeset(struct judge *j, const struct token *t)
{
        if (t->value && streq(t->value, "0"))
                return finding_add(
                        j, t, READER_MODULE, SEVERITY_INFO, "",
                        "the driver loads and drives no card of the host; to hand one over, a rule is enough");
}

static void idle_d3(struct judge *j, const struct token *t)
{
        return finding_add(j, t, READER_MODULE, SEVERITY_INFO, "", "unused devices stay powered");
}

static void denylist(struct judge *j, const struct token *t)
{
        return finding_add(j, t, READER_MODULE, SEVERITY_WARNING, "",
                           "also devices that the kernel knows to be unsafe for guests can be handed over");
}

#define BOOL 1 /* parsed by kstrtobool() */
#define FLAG(name_)                                                                                                    \
        {                                                                                                              \
                name_, BOOL, NULL                                                                                      \
        }
#define ANY(name_)                                                                                                     \
        {                                                                                                              \
                name_, 0, NULL                                                                                         \
        }

struct parameter {
        const char *name;
        unsigned type;
        judge_token judge;
};

#define NAMES(...)                                                                                                     \
        (const struct parameter[])                                                                                     \
        {                                                                                                              \
                __VA_ARGS__,                                                                                           \
                {                                                                                                      \
                }                                                                                                      \
        }

static const struct {
        const char *module;
        const struct parameter *parameters;
} modules[] = {
        {"vfio_pci", NAMES({"ids", 0, ids}, FLAG("nointxmask"), FLAG("disable_vga"), {"disable_idle_d3", BOOL, idle_d3},
                           FLAG("enable_sriov"), {"disable_denylist", BOOL, denylist})},
        {"vfio", NAMES({"enable_unsafe_noiommu_mode", BOOL, noiommu})},
        {"vfio_iommu_type1", NAMES({"allow_unsafe_interrupts", BOOL, unsafe_interrupts}, FLAG("disable_hugepages"),
                                   ANY("dma_entry_limit"))},
        {"iommufd", NAMES({"allow_unsafe_interrupts", BOOL, unsafe_interrupts})},
        {"pci_stub", NAMES({"ids", 0, stub_ids})},
        {"nouveau", NAMES({"modeset", 0, modeset}, ANY("config"), ANY("debug"), ANY("noaccel"), ANY("runpm"),
                          ANY("atomic"), ANY("tv_norm"), ANY("mst"), ANY("duallink"), ANY("hdmimhz"),
                          ANY("vram_pushbuf"), ANY("svm"), ANY("ignorelid"), ANY("keep_gsp_logging"))},
        {"nvidia_drm", NAMES({"modeset", 0, modeset}, FLAG("fbdev"))},
        {"radeon",
         NAMES({"modeset", 0, modeset}, ANY("si_support"), ANY("cik_support"), ANY("dpm"), ANY("runpm"), ANY("audio"))},
        {"amdgpu", NAMES({"modeset", 0, modeset}, ANY("si_support"), ANY("cik_support"), ANY("dpm"), ANY("runpm"),
                         ANY("dc"), ANY("ppfeaturemask"), ANY("gpu_recovery"), ANY("audio"), ANY("aspm"))},
        {"i915", NAMES({"modeset", 0, modeset}, ANY("enable_guc"), FLAG("enable_gvt"), ANY("max_vfs"),
                       ANY("enable_psr"), ANY("enable_fbc"), ANY("fastboot"), ANY("force_probe"), ANY("enable_dc"))},
        {"kvm", NAMES(FLAG("ignore_msrs"), FLAG("report_ignored_msrs"), ANY("halt_poll_ns"), ANY("nx_huge_pages"),
                      FLAG("tdp_mmu"), FLAG("mmio_caching"), FLAG("enable_pmu"), FLAG("eager_page_split"),
                      FLAG("enable_vmware_backdoor"), ANY("force_emulation_prefix"), ANY("min_timer_period_us"),
                      FLAG("kvmclock_periodic_sync"), ANY("tsc_tolerance_ppm"), ANY("lapic_timer_advance_ns"),
                      FLAG("vector_hashing"), ANY("pi_inject_timer"), FLAG("flush_on_reuse"),
                      ANY("nx_huge_pages_recovery_ratio"), ANY("nx_huge_pages_recovery_period_ms"),
                      ANY("halt_poll_ns_grow"), ANY("halt_poll_ns_grow_start"), ANY("halt_poll_ns_shrink"),
                      FLAG("enable_virt_at_load"), FLAG("allow_unsafe_mappings"))},
        {"kvm_intel",
         NAMES(FLAG("nested"), FLAG("ept"), FLAG("unrestricted_guest"), FLAG("eptad"), FLAG("vpid"),
               FLAG("flexpriority"), FLAG("enable_apicv"), FLAG("enable_ipiv"), FLAG("enable_shadow_vmcs"),
               FLAG("preemption_timer"), ANY("vmentry_l1d_flush"), FLAG("pml"), ANY("ple_gap"), ANY("ple_window"),
               ANY("ple_window_grow"), ANY("ple_window_shrink"), ANY("ple_window_max"), FLAG("sgx"), ANY("pt_mode"),
               FLAG("emulate_invalid_guest_state"), FLAG("fasteoi"), FLAG("dump_invalid_vmcs"),
               FLAG("allow_smaller_maxphyaddr"), FLAG("error_on_inconsistent_vmcs_config"), FLAG("enlightened_vmcs"),
               FLAG("vnmi"), FLAG("nested_early_check"), FLAG("tdx"))},
        {"kvm_amd", NAMES(ANY("nested"), FLAG("npt"), FLAG("avic"), FLAG("force_avic"), ANY("sev"), ANY("sev_es"),
                          ANY("sev_snp"), ANY("vls"), ANY("vgif"), FLAG("vnmi"), ANY("lbrv"), ANY("tsc_scaling"),
                          ANY("nrips"), FLAG("intercept_smi"), FLAG("dump_invalid_vmcb"), ANY("pause_filter_thresh"),
                          ANY("pause_filter_count"), ANY("pause_filter_count_grow"), ANY("pause_filter_count_shrink"),
                          ANY("pause_filter_count_max"), FLAG("enable_device_posted_irqs"))},
};

static const char *nearest(const struct parameter *p, const char *name)
{
        const char *names[40];
        size_t n = 0;

        for (; p->name && n < ARRAY_SIZE(names); p++)
                names[n++] = p->name;
        return str_nearest(name, names, n);
}

static const struct parameter *find(const struct parameter *p, const char *name)
{
        for (; p->name; p++)
                if (cmdline_name_is(name, p->name))
                        return p;
        return NULL;
}

static void unknown(struct judge *j, const struct token *t, const char *module, size_t length,
                    const struct parameter *all, const char *name)
{
        const char *near = nearest(all, name);

        return finding_add(j, t, READER_MODULE, SEVERITY_WARNING,
                           near ? arena_printf(j->arena, "%.*s.%s%s%s", (int)length, t->name, near, t->value ? "=" : "",
                                               t->value ? t->value : "")
                                : "",
                           "%s has no parameter %s: nothing reads it", module, name);
}

bool judge_is_parameter(const char *name)
{
        size_t n = strcspn(name, ".");

        for (size_t i = 0; name[n] && i < ARRAY_SIZE(modules); i++) {
                char module[32] = "";

                if (n != strlen(modules[i].module))
                        continue;
                memcpy(module, name, n);
                if (cmdline_name_is(module, modules[i].module) && find(modules[i].parameters, name + n + 1))
                        return true;
        }
        return false;
}

/* What people call it. */
static const char *module_spelled(const char *module)
{
        return streq(module, "vfio_pci") ? "vfio-pci" : streq(module, "pci_stub") ? "pci-stub" : module;
}

/* Those of VFIO alone: others have parameters of all names. */
static bool is_meant_alone(const char *module, const struct parameter *p, const struct token *t)
{
        return (startswith(module, "vfio") || streq(module, "iommufd")) && cmdline_name_is(t->name, p->name) &&
               (!streq(p->name, "ids") || (t->value && strchr(t->value, ':')));
}

const char *judge_parameter_meant(struct judge *j, const struct token *t)
{
        for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
                for (const struct parameter *p = modules[i].parameters; p->name; p++)
                        if (is_meant_alone(modules[i].module, p, t) ||
                            cmdline_name_is(t->name, arena_join(j->arena, modules[i].module, "-", p->name, NULL)) ||
                            streq(t->name, arena_join(j->arena, module_spelled(modules[i].module), ":", p->name, NULL)))
                                return arena_join(j->arena, module_spelled(modules[i].module), ".", p->name,
                                                  t->value ? "=" : "", t->value ? t->value : "", NULL);
        return NULL;
}

void judge_module_parameter(struct judge *j, const struct token *t, bool *ret_known)
{
        size_t length = strcspn(t->name, ".");
        const struct token *last;
        bool on;

        *ret_known = false;
        for (size_t i = 0; t->name[length] && i < ARRAY_SIZE(modules); i++) {
                const char *module = arena_strndup(j->arena, t->name, length), *name = t->name + length + 1;
                const struct parameter *p;

                if (!cmdline_name_is(module, modules[i].module))
                        continue;
                *ret_known = true;
                p = find(modules[i].parameters, name);
                if (!p)
                        return unknown(j, t, modules[i].module, length, modules[i].parameters, name);
                last = cmdline_last(j->tokens, j->n_tokens, t->name);
                if (last && last != t)
                        return finding_add(j, t, READER_MODULE, SEVERITY_WARNING, "",
                                           "without effect: the later %s has the last word", last->text);
                if (*t->text == '"')
                        return finding_add(j, t, READER_KMOD, SEVERITY_WARNING,
                                           t->value ? arena_printf(j->arena, "%s=\"%s\"", t->name, t->value) : t->name,
                                           "a quote before the whole token: kmod%s does not read it",
                                           t->value ? " before version 27" : "");
                if (t->late)
                        finding_add(j, t, READER_MODULE, SEVERITY_WARNING, "in front of --",
                                    "stands behind \"--\": only kmod reads it there, which does nothing for a module "
                                    "that is built in");
                if (p->type == BOOL && t->value && cmdline_bool(t->value, &on) < 0) {
                        finding_add(j, t, READER_MODULE, SEVERITY_ERROR, "0 or 1",
                                    "\"%s\" is neither on nor off: the module refuses it, and does not load", t->value);
                        return finding_harms(j, startswith(modules[i].module, "vfio") ? HARM_HANDOVER : HARM_ITSELF);
                }
                if (p->judge)
                        p->judge(j, t);
                return;
        }
}
