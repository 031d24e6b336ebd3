/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Carries out what makes virtual GPUs. Each write is a child's: the kernel waits there for drivers and for guests. */

#include "plan/vgpu.h"

/*
 * The operations of one parent in one phase. patience: seconds for each write. made: by index of the virtual GPU, set
 * where it is made. What fails is a problem, and the rest goes on. Whether all of them were done.
 */
bool act_vgpu(const struct root *root, const struct plan *plan, size_t parent, enum vgpu_phase phase, unsigned patience,
              struct arena *a, struct diags *problems) _must_check_;
