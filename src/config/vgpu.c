/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/vgpu.h"

#include "base/str.h"

const struct vgpu_keys *vgpu_keys_used;

static uint32_t count_of(const struct vgpu_section *s)
{
        return s->n_uuids > 0 ? (uint32_t)s->n_uuids : s->count > 0 ? s->count : 1;
}

uint32_t vgpu_count(const struct vgpu *vgpu)
{
        uint32_t n = 0;

        for (size_t i = 0; i < vgpu->n_sections; i++)
                n += count_of(&vgpu->sections[i]);
        return n;
}

const struct vgpu_section *vgpu_section_of(const struct vgpu *vgpu, uint32_t index, uint32_t *ret_at)
{
        for (size_t i = 0; i < vgpu->n_sections; i++) {
                uint32_t n = count_of(&vgpu->sections[i]);

                if (index < n) {
                        *ret_at = index;
                        return &vgpu->sections[i];
                }
                index -= n;
        }
        return NULL;
}

bool vgpu_typed(const struct vgpu *vgpu)
{
        for (size_t i = 0; i < vgpu->n_sections; i++)
                if (vgpu->sections[i].type)
                        return true;
        return false;
}
