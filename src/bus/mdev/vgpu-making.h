/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What those share who look at virtual GPUs and plan them; of these alone. */

#include "bus/mdev/vgpu.h"
#include "facts/match.h"

/* Of a virtual function of NVIDIA's, below its directory. */
#define VENDOR_TYPES   "nvidia/creatable_vgpu_types"
#define VENDOR_CURRENT "nvidia/current_vgpu_type"
#define VENDOR_DRIVER  "nvidia"

struct making {
        struct arena *arena;
        struct plan *plan;
        struct vgpu_plan *vgpu;
        enum vgpu_aim aim;
        size_t parent; /* the one that operations are for */
};

static inline const struct rule *rule_of(const struct making *m)
{
        return &m->plan->config->rules[m->plan->entries[m->vgpu->parents[m->parent].entry].rule];
}

static inline const struct device *device_of(const struct making *m)
{
        return &m->plan->facts->devices[m->plan->entries[m->vgpu->parents[m->parent].entry].device];
}

/* What a rule means by a type, among all that the carriers of a parent offer. */
struct vgpu_meant {
        const struct vgpu_type *type; /* as the first carrier that offers it has it; NULL: none, or several */
        size_t n;                     /* how many it may mean */
        bool offered;                 /* now, by a carrier */
};

/* vgpu-types.c */
struct vgpu_meant vgpu_meant_by(const struct vgpu_facts *is, const char *text);
/* The type with that id of a carrier, or NULL. */
struct vgpu_type *vgpu_type_of(const struct vgpu_carrier *carrier, const char *id);
/* Why no type, or no single one, is meant: in words that name what there is. */
const char *vgpu_unknown_type(struct arena *a, const struct device *d, const struct vgpu_facts *is, const char *text);
/* A type's name says that it is of a GPU instance, or of how many gigabytes (0: it does not). Both are NVIDIA's. */
bool vgpu_needs_instance(const char *name);
/* What a rule calls a type is none that this card has now, and would be one with a GPU instance. */
bool vgpu_takes_instance(const struct device *d, const struct vgpu_facts *is, const char *text);
uint32_t vgpu_gigabytes(const char *name);
/* What the administrator does for those, and for unlike sizes. */
const char *vgpu_instance_text(struct arena *a, const struct device *d);
const char *vgpu_unlike_text(struct arena *a, const struct device *d, const struct vgpu_facts *is, const char *rule);

/* vgpu-recall.c: adds to those that are known what this boot has made, where nobody names it any more. */
void vgpu_recall(const struct root *root, struct arena *a, const struct facts *facts, const struct rule *rule,
                 struct vgpu_facts *is);

/* vgpu-unfit.c: why nothing is done with a parent, or NULL, of which kind that is; and what it waits for, or NULL. */
const char *vgpu_unfit(const struct making *m, struct vgpu_parent *x);
const char *vgpu_waits(const struct making *m, const struct vgpu_parent *x);
/* Whether its virtual functions are to be made first. */
bool vgpu_needs_functions(const struct making *m, const struct vgpu_parent *x);
/* The device that is the rule's virtual GPU of that index now, or NO_DEVICE. */
size_t vgpu_existing(const struct making *m, const struct vgpu_parent *x, uint32_t index);
/* Why a virtual function is none of those that the rule makes virtual GPUs of, or NULL: it is another rule's, say. */
const char *vgpu_withheld(const struct making *m, const struct vgpu_parent *x, size_t carrier);
/* Its carrier there, or SIZE_MAX. */
size_t vgpu_carrier_of(const struct making *m, const struct vgpu_parent *x, const char *address);
/* What the virtual GPU of that index is to be; there is one, of a parent that is not unfit and waits for nothing. */
const struct vgpu_type *vgpu_type_for(const struct making *m, const struct vgpu_parent *x, uint32_t index);
