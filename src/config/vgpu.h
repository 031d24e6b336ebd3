/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* [VirtualGPU] of passthrough.d(5): which virtual GPUs a device gets, whatever its driver calls them. */

#include <stdbool.h>
#include <stdint.h>

#include "config/key-table.h"
#include "config/rule.h"

#define VGPU_UUID_SIZE 37 /* with the byte behind it */

/* One [VirtualGPU]: so many of one type. */
struct vgpu_section {
        unsigned line;
        const char *file;
        const char *type;   /* as it was written: a whole name, one without its maker, an ID or a number; or NULL */
        uint32_t count;     /* for each parent; 0: not given, which is 1 */
        const char **uuids; /* in lower case; those of n_uuids count */
        size_t n_uuids;
        struct attribute *attributes; /* of the parent, or of the profile, before */
        size_t n_attributes;
};

struct vgpu {
        struct vgpu_section *sections;
        size_t n_sections;
};

/* How many all sections ask for, for each parent. */
uint32_t vgpu_count(const struct vgpu *vgpu);
/* The section that has the virtual GPU at that position, from 0 on; NULL: there are fewer. *ret_at: which of its own.
 */
const struct vgpu_section *vgpu_section_of(const struct vgpu *vgpu, uint32_t index, uint32_t *ret_at);
/* Whether a type is asked for; else virtual functions are what is meant, which [SR-IOV] has then, too. */
bool vgpu_typed(const struct vgpu *vgpu);

/* Reads the keys of the section; a program that makes nothing does without, as with struct sriov_keys. */
struct vgpu_keys {
        void (*assign)(struct arena *a, const struct key_place *place, struct vgpu *vgpu, uint64_t *seen,
                       const char *name, const char *value);
        /* Once all is read; a rule without types gets its virtual functions. */
        void (*check)(struct arena *a, struct diags *diags, struct rule *rule);
        const char *(*section)(const char *name);
};

extern const struct vgpu_keys vgpu_keys;
/* Which are in use; NULL: none. Set once, by a program's main(). */
extern const struct vgpu_keys *vgpu_keys_used;
