/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual functions that are virtual GPUs without a type: those of Intel's xe, each with a profile
 * (Documentation/ABI/testing/sysfs-driver-intel-xe-sriov), and those of AMD's gim, which makes them when it is loaded.
 */
#include "base/str.h"
#include "bus/pci/sriov-making.h"
#include "config/vgpu.h"

static bool has_attributes(const struct vgpu *vgpu)
{
        for (size_t i = 0; i < vgpu->n_sections; i++)
                if (vgpu->sections[i].n_attributes > 0)
                        return true;
        return false;
}

/* An attribute that the profiles lack, or NULL: which there are depends on the kernel, and on the GPU. */
static const char *lacking(const struct vgpu *vgpu, const struct sriov_parent *x)
{
        for (size_t i = 0; i < vgpu->n_sections; i++)
                for (size_t k = 0; k < vgpu->sections[i].n_attributes; k++)
                        if (str_index(vgpu->sections[i].attributes[k].name, x->is.profile, x->is.n_profile) < 0)
                                return vgpu->sections[i].attributes[k].name;
        return NULL;
}

static const char *unfit_profiles(const struct making *m, const struct sriov_parent *x)
{
        const char *name = x->is.profiles ? lacking(rule_of(m)->vgpu, x) : NULL, *all = "";

        if (!x->is.profiles)
                return "this xe has no profiles for virtual functions, which came with Linux 6.19; leave Attribute= "
                       "out of [VirtualGPU]";
        for (size_t i = 0; name && i < x->is.n_profile; i++)
                all = arena_join(m->arena, all, i > 0 ? ", " : "", x->is.profile[i], NULL);
        return name ? arena_join(m->arena, "its driver has no sriov_admin/vf1/profile/", name, *all ? "; it has " : "",
                                 all, NULL)
                    : NULL;
}

/* What the rule calls their number. */
static const char *key_of(const struct making *m)
{
        return rule_of(m)->vgpu && !vgpu_typed(rule_of(m)->vgpu) ? "Count" : "VirtualFunctions";
}

const char *sriov_vgpu_untyped(const struct making *m, const struct sriov_parent *x)
{
        const struct vgpu *vgpu = rule_of(m)->vgpu;
        const struct device *d = device_of(m);

        if (!vgpu || vgpu_typed(vgpu))
                return NULL;
        if (startswith(d->id, "10de:") && d->roles & ROLE_DISPLAY)
                return "NVIDIA's virtual GPUs have types; write Type=, as passthroughctl list --types has it";
        return x->is.capable == NO ? "[VirtualGPU] without Type= makes virtual functions, and it can have none: write "
                                     "Type=, as passthroughctl list --types has it, or enable SR-IOV in the firmware"
                                   : NULL;
}

const char *sriov_vgpu_unfit(const struct making *m, const struct sriov_parent *x)
{
        const struct sriov_quirks *quirks = quirks_of(m);
        const struct vgpu *vgpu = rule_of(m)->vgpu;

        if (quirks->makes_own && x->change)
                return arena_printf(m->arena,
                                    "%s has made %u virtual functions when it was loaded, and makes no others; write "
                                    "%s=%u, or load it with %s=%u",
                                    quirks->name, x->is.enabled, key_of(m), x->is.enabled, quirks->parameter, x->count);
        if (x->count > x->is.total && x->is.limit < x->count)
                return arena_printf(m->arena,
                                    "it has at most %u virtual functions, and the rule wants %u; %s was loaded with "
                                    "%s=%u",
                                    x->is.total, x->count, quirks->name, quirks->parameter, x->is.limit);
        if (vgpu && !vgpu_typed(vgpu) && has_attributes(vgpu) && streq_ptr(quirks->name, "xe"))
                return unfit_profiles(m, x);
        return NULL;
}

/* A profile holds from the making of its function on. */
void sriov_vgpu_before(const struct making *m, const struct sriov_parent *x)
{
        const struct vgpu *vgpu = rule_of(m)->vgpu;

        for (uint32_t i = 0; vgpu && !vgpu_typed(vgpu) && i < x->count; i++) {
                uint32_t at;
                const struct vgpu_section *s = vgpu_section_of(vgpu, i, &at);

                for (size_t k = 0; s && k < s->n_attributes && (x->is.profiles || at == 0); k++)
                        add_write(m, SRIOV_MAKE, ALL,
                                  x->is.profiles ? arena_printf(m->arena, "sriov_admin/vf%u/profile/%s", i + 1,
                                                                s->attributes[k].name)
                                                 : s->attributes[k].name,
                                  s->attributes[k].value, "Attribute=");
        }
}
