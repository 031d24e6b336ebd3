/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual GPUs of each parent, and what makes them. Pure. */
#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "facts/match.h"
#include "facts/uuid.h"

struct making {
        struct arena *arena;
        struct plan *plan;
        struct vgpu_plan *vgpu;
        enum vgpu_aim aim;
        size_t parent; /* the one that operations are for */
};

static const struct rule *rule_of(const struct making *m)
{
        return &m->plan->config->rules[m->plan->entries[m->vgpu->parents[m->parent].entry].rule];
}

static const struct device *device_of(const struct making *m)
{
        return &m->plan->facts->devices[m->plan->entries[m->vgpu->parents[m->parent].entry].device];
}

static struct vgpu_op *add(const struct making *m, uint32_t index, struct op op)
{
        struct vgpu_op *x = arena_grow(m->arena, &m->vgpu->ops, m->vgpu->n_ops++, sizeof(*m->vgpu->ops));

        *x = (struct vgpu_op){.op = op, .phase = VGPU_MAKE, .parent = m->parent, .index = index};
        x->op.stage = STAGE_HOST;
        x->op.entry = m->vgpu->parents[m->parent].entry;
        return x;
}

const struct vgpu_type *vgpu_type_find(const struct vgpu_carrier *carrier, const char *text, size_t *ret_n)
{
        const struct vgpu_type *found = NULL;

        *ret_n = 0;
        for (size_t i = 0; i < carrier->n_types; i++) {
                const struct vgpu_type *t = &carrier->types[i];
                const char *space = strchr(t->name, ' '), *dash = strrchr(t->id, '-');

                if (!streq(t->id, text) && !streq(t->name, text) && !(space && streq(space + 1, text)) &&
                    !(dash && streq(dash + 1, text)))
                        continue;
                found = t;
                ++*ret_n;
        }
        return *ret_n == 1 ? found : NULL;
}

static void make_mediated(const struct making *m, struct vgpu_parent *x, uint32_t index)
{
        uint32_t at;
        const struct vgpu_section *s = vgpu_section_of(rule_of(m)->vgpu, index, &at);
        const struct vgpu_carrier *c = &x->is.carriers[0];
        size_t n;
        const struct vgpu_type *t = vgpu_type_find(c, s->type, &n);
        char uuid[VGPU_UUID_SIZE];
        const char *address;

        if (!t || !uuid_of(rule_of(m), m->plan->facts, device_of(m), index, uuid))
                return;
        address = arena_strdup(m->arena, uuid);
        if (facts_find(m->plan->facts, address) != NO_DEVICE) {
                x->here++;
                return;
        }
        *(struct vgpu_device *)arena_grow(m->arena, &m->vgpu->devices, m->vgpu->n_devices++,
                                          sizeof(*m->vgpu->devices)) = (struct vgpu_device){.parent = m->parent,
                                                                                            .index = index,
                                                                                            .bus = mdev_syntax.name,
                                                                                            .address = address,
                                                                                            .on = device_of(m)->address,
                                                                                            .type = t->id};
        add(m, index,
            (struct op){.kind = OP_WRITE,
                        .target = arena_join(m->arena, device_of(m)->sysfs, "/" MDEV_TYPES "/", t->id, "/create", NULL),
                        .value = address,
                        .why = arena_join(m->arena, "makes a ", t->name, NULL)});
}

static void add_parent(struct making *m, size_t entry, const struct vgpu_facts *looked)
{
        struct vgpu_parent *x = arena_grow(m->arena, &m->vgpu->parents, m->vgpu->n_parents, sizeof(*m->vgpu->parents));

        m->parent = m->vgpu->n_parents++;
        *x = (struct vgpu_parent){.entry = entry, .is = *looked, .count = vgpu_count(rule_of(m)->vgpu)};
        if (looked->kind != VGPU_MEDIATED) {
                x->waits = "its driver to offer virtual GPUs";
                return;
        }
        for (uint32_t i = 0; i < x->count; i++)
                make_mediated(m, x, i);
}

void vgpu_plan_add(struct plan *plan, const struct vgpu_facts *looked, enum vgpu_aim aim, struct arena *a)
{
        struct vgpu_plan *vgpu = arena_alloc(a, sizeof(*vgpu));
        struct making m = {.arena = a, .plan = plan, .vgpu = vgpu, .aim = aim};

        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct rule *rule = &plan->config->rules[e->rule];

                if (rule->vgpu && vgpu_typed(rule->vgpu) && !rule->invalid && e->action == ACTION_KEEP &&
                    !plan->facts->devices[e->device].parent && match_machine(rule, plan->facts) == YES)
                        add_parent(&m, i, &looked[i]);
        }
        plan->vgpu = vgpu;
}

void vgpu_plan(const struct root *root, struct arena *a, enum vgpu_aim aim, struct plan *plan)
{
        struct vgpu_facts *looked = arena_alloc(a, plan->n_entries * sizeof(*looked));

        for (size_t i = 0; i < plan->n_entries; i++)
                if (plan->config->rules[plan->entries[i].rule].vgpu)
                        vgpu_look(root, a, plan->facts, plan->entries[i].device, &looked[i]);
        vgpu_plan_add(plan, looked, aim, a);
}
