/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The operations that make devices, in their order: virtual functions and virtual GPUs. */

#include "plan/plan.h"

/*
 * The next of them, *at being 0 at first; NULL behind the last. late: those behind all others of the plan, else those
 * in front of what else is done at the host's stage.
 */
const struct op *making_next(const struct plan *plan, bool late, size_t *at) _must_check_;
/* The promised virtual GPU that a device of that address will be, or NULL. */
const struct vgpu_device *making_promised(const struct plan *plan, const char *address) _must_check_;
