/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the types are called that virtual functions of NVIDIA's have: a card that is full offers none, and names none.
 * One that this boot's record has for the rule, as the rule is now, has the type that the rule means.
 */
#include "base/str.h"
#include "bus/mdev/vgpu-making.h"
#include "state/record.h"

/* The number of the type that one of the section's virtual functions has for the rule, or NULL. */
static const char *recall(const struct record *record, const struct facts *facts, const struct vgpu_facts *is,
                          const struct rule *rule, const struct vgpu_section *section)
{
        for (size_t i = 0; i < is->n_carriers; i++) {
                const struct vgpu_carrier *c = &is->carriers[i];
                const struct record_device *d = record_find_device(record, facts->devices[c->device].address);
                uint32_t at;

                if (d && record_device_taken(d) && streq(d->rule, rule->name) && c->current &&
                    !streq(c->current, "0") && vgpu_section_of(rule->vgpu, c->index, &at) == section)
                        return c->current;
        }
        return NULL;
}

void vgpu_recall(const struct root *root, struct arena *a, const struct facts *facts, const struct rule *rule,
                 struct vgpu_facts *is)
{
        struct record record;
        const struct record_rule *known;

        if (is->kind != VGPU_VENDOR || rule->invalid || record_read(root, a, &record) < 0)
                return;
        known = record_find(&record, rule->name);
        for (size_t i = 0; known && known->digest == rule->digest && i < rule->vgpu->n_sections; i++) {
                const struct vgpu_section *s = &rule->vgpu->sections[i];
                const char *number =
                        s->type && vgpu_meant_by(is, s->type).n == 0 ? recall(&record, facts, is, rule, s) : NULL;

                if (number)
                        *(struct vgpu_type *)arena_grow(a, &is->known, is->n_known++, sizeof(*is->known)) =
                                (struct vgpu_type){.id = number, .name = s->type};
        }
}
