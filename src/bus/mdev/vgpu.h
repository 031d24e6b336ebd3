/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Virtual GPUs that rules make. No boot image has this. */

#include "bus/mdev/mdev.h"
#include "facts/facts.h"
#include "plan/vgpu.h"

enum vgpu_aim {
        VGPU_NOW,
        VGPU_AT_BOOT, /* of a boot, which finds none of those that go with a boot */
        VGPU_GONE,    /* now, and none of the rule's is left */
};

/* A parent as it is now, and what it offers; facts are of all devices. */
void vgpu_look(const struct root *root, struct arena *a, const struct facts *facts, size_t device,
               struct vgpu_facts *ret);
/* Who else makes virtual GPUs, read once for all parents. */
void vgpu_owners_read(const struct root *root, struct arena *a, struct vgpu_owner **ret, size_t *ret_n);

/*
 * The type that is meant by what a rule says: its id, name, name without the maker, or number. NULL: none, or (*ret_n)
 * several.
 */
const struct vgpu_type *vgpu_type_find(const struct vgpu_carrier *carrier, const char *text, size_t *ret_n);

/*
 * What becomes of each parent, in plan->vgpu; a rule whose parents are not fit for it is refused. looked: by entry of
 * the plan. Pure.
 */
void vgpu_plan_add(struct plan *plan, const struct vgpu_facts *looked, enum vgpu_aim aim, struct arena *a);

/* Both. */
void vgpu_plan(const struct root *root, struct arena *a, enum vgpu_aim aim, struct plan *plan);
/* The same, as it is once these definitions of mdevctl's, each by its file, are gone. */
void vgpu_plan_without(const struct root *root, struct arena *a, enum vgpu_aim aim, const struct strings *gone,
                       struct plan *plan);
