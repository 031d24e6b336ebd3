/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Devices that a VFIO driver has now though no rule covers them: a hand or another program gave it that. Pure. */

#include "plan/plan.h"

/* The next one behind `after` (NO_DEVICE: the first), or NO_DEVICE. The plan has the details of all devices. */
size_t strays_next(const struct plan *plan, size_t after) _must_check_;
/* "0000:01:00.0, 0000:02:00.0", or NULL. */
const char *strays_text(const struct plan *plan, struct arena *a) _must_check_;
