/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Carries out what makes virtual GPUs. The kernel may wait in a write, for drivers and for guests: one child does all
 * of them, and each is bounded by itself. What comes of each is looked at.
 */

#include "plan/vgpu.h"

enum vgpu_end {
        VGPU_DONE,
        VGPU_FAILED, /* none of them was done; the last problem says why */
        VGPU_PARTLY, /* the last problem says why */
};

/*
 * The operations of one parent in one phase. patience: seconds for each write. What fails for one virtual GPU is a
 * problem, and the others go on; what fails for the parent ends it.
 */
enum vgpu_end act_vgpu(const struct root *root, const struct plan *plan, size_t parent, enum vgpu_phase phase,
                       unsigned patience, struct arena *a, struct diags *problems) _must_check_;
