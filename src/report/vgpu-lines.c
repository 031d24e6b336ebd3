/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/vgpu-lines.h"

#include "bus/mdev/vgpu.h"

const struct vgpu_parent *vgpu_parent_of(const struct plan *plan, size_t entry)
{
        for (size_t i = 0; plan->vgpu && i < plan->vgpu->n_parents; i++)
                if (plan->vgpu->parents[i].entry == entry)
                        return &plan->vgpu->parents[i];
        return NULL;
}

/* What a rule calls a type, as its driver calls it, where that shows. */
static const char *name_of(const struct vgpu_facts *is, const char *written)
{
        for (size_t i = 0; i < is->n_carriers; i++) {
                size_t n;
                const struct vgpu_type *t = vgpu_type_find(&is->carriers[i], written, &n);

                if (t)
                        return t->name;
        }
        return written;
}

static uint32_t count_of(const struct vgpu_section *s)
{
        return vgpu_count(&(struct vgpu){.sections = (struct vgpu_section *)s, .n_sections = 1});
}

const char *vgpu_wanted_text(struct arena *a, const struct rule *rule, const struct vgpu_parent *parent)
{
        const struct vgpu *vgpu = rule->vgpu;
        const char *names = "";

        for (size_t i = 0; i < vgpu->n_sections; i++) {
                const struct vgpu_section *s = &vgpu->sections[i];
                const char *name = s->type ? name_of(&parent->is, s->type) : "";

                names = vgpu->n_sections == 1
                                ? name
                                : arena_printf(a, "%s%s%u %s", names, i > 0 ? ", " : "", count_of(s), name);
        }
        return arena_printf(a, "%u virtual GPU%s%s%s", parent->count, parent->count == 1 ? "" : "s",
                            vgpu->n_sections == 1 ? ", " : ": ", names);
}

bool vgpu_is_made(const struct plan *plan, const struct plan_entry *e)
{
        const struct rule *rule = &plan->config->rules[e->rule];
        const struct device *d = &plan->facts->devices[e->device];

        if (!rule->vgpu || !vgpu_typed(rule->vgpu) || !d->parent || e->action == ACTION_REFUSE)
                return false;
        return device_is_vgpu(d) || (e->action == ACTION_KEEP && !rule->sriov);
}

const char *vgpu_type_name(const struct vgpu_facts *is, const char *id)
{
        for (size_t i = 0; is && i < is->n_carriers; i++)
                for (size_t t = 0; t < is->carriers[i].n_types; t++)
                        if (streq(is->carriers[i].types[t].id, id))
                                return is->carriers[i].types[t].name;
        for (size_t t = 0; is && t < is->n_known; t++)
                if (streq(is->known[t].id, id))
                        return is->known[t].name;
        return id;
}

/* "num_heads=4, frl_config=60, framebuffer=8192M, max_resolution=7680x4320, max_instance=6" (NVIDIA's driver) */
uint32_t vgpu_framebuffer(const struct vgpu_type *type)
{
        static const char key[] = "framebuffer=";
        const char *at = type->description ? strstr(type->description, key) : NULL;
        char digits[11];
        size_t n;
        uint32_t v;

        if (!at)
                return 0;
        at += strlen(key);
        n = strspn(at, "0123456789");
        if (n == 0 || n >= sizeof(digits) || at[n] != 'M')
                return 0;
        memcpy(digits, at, n);
        digits[n] = '\0';
        return str_to_u32(digits, 10, &v) ? v : 0;
}
