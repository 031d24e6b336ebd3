/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a rule makes of a device, in lines for people: virtual functions, virtual GPUs. */

#include "plan/plan.h"

struct made_lines {
        bool any;               /* the rule makes some of it */
        bool fewer;             /* not all of them, as a line says */
        struct strings refused; /* why it does not */
        struct strings lines;
};

struct made_lines made_lines_of(const struct plan *plan, size_t entry, struct arena *a) _must_check_;
