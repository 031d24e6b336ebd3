/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What people read of virtual GPUs. */

#include "plan/vgpu.h"

/* What becomes of an entry's virtual GPUs; NULL: its rule makes none of it. */
const struct vgpu_parent *vgpu_parent_of(const struct plan *plan, size_t entry) _must_check_;
/* "2 virtual GPUs, NVIDIA A40-8Q": what the rule wants of the parent. */
const char *vgpu_wanted_text(struct arena *a, const struct rule *rule, const struct vgpu_parent *parent) _must_check_;
/* The entry is one that its rule has made, or what it makes it of: the parent's line tells of it. */
bool vgpu_is_made(const struct plan *plan, const struct plan_entry *e) _must_check_;
/* The name of a type of that ID, or the ID where no carrier has it. */
const char *vgpu_type_name(const struct vgpu_facts *is, const char *id) _must_check_;
/* MiB of framebuffer, by the type's description; 0: that does not say. */
uint32_t vgpu_framebuffer(const struct vgpu_type *type) _must_check_;
