/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Two plans of one machine, of its own config and of another one: which devices fare otherwise. */

#include "plan/plan.h"

struct against_change {
        size_t device;                           /* in the facts of after */
        const struct plan_entry *before, *after; /* NULL: no rule speaks of it */
};

struct against {
        const struct plan *before, *after;
        struct against_change *changes;
        size_t n;
};

void against_compare(const struct plan *before, const struct plan *after, struct arena *a, struct against *ret);
/* What becomes of a device, in a few words: "vfio-pci, by gpu0", "stays with the host", "refused, by gpu0: why". */
const char *against_text(struct arena *a, const struct plan *plan, const struct plan_entry *e);
