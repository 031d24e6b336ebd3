/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/uuid.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static uint64_t hash(uint64_t h, const char *text)
{
        return str_hash(h, text, strlen(text) + 1);
}

bool uuid_of(const struct rule *rule, const struct facts *facts, const struct device *parent, uint32_t index,
             char ret[static VGPU_UUID_SIZE])
{
        uint32_t at = 0;
        const struct vgpu_section *s = rule->vgpu ? vgpu_section_of(rule->vgpu, index, &at) : NULL;
        uint64_t h = STR_HASH_START, low;

        if (!s || (s->n_uuids == 0 && !facts->machine_id))
                return false;
        if (s->n_uuids > 0) {
                memcpy(ret, s->uuids[at], VGPU_UUID_SIZE);
                return true;
        }
        h = str_hash(hash(hash(hash(h, facts->machine_id), rule->name), parent->path), &index, sizeof(index));
        h = hash(h, facts->machine_id);
        low = hash(str_hash(h, &index, sizeof(index)), rule->name);
        snprintf(ret, VGPU_UUID_SIZE, "%08x-%04x-8%03x-%04x-%012llx", (unsigned)(h >> 32), (unsigned)(h >> 16 & 0xffff),
                 (unsigned)(h & 0xfff), (unsigned)(low >> 48 & 0x3fff) | 0x8000,
                 (unsigned long long)(low & 0xffffffffffff));
        return true;
}
