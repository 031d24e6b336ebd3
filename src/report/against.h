/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Two plans of one machine, of its own config and of another one: which devices fare otherwise. */

#include "plan/plan.h"

enum against_way {
        AGAINST_GAINS, /* the plan hands over what the other left to the host, or makes more of it */
        AGAINST_LOSES, /* the reverse */
        AGAINST_CHANGES,
        AGAINST_MAX_,
};

extern const char *const against_way_names[AGAINST_MAX_];

struct against_fate {
        const struct plan_entry *entry; /* NULL: no rule speaks of it */
        uint32_t makes;                 /* so many virtual functions and virtual GPUs of it */
};

struct against_change {
        size_t device; /* in the facts of after */
        struct against_fate before, after;
        enum against_way way;
};

struct against {
        const struct plan *before, *after;
        struct against_change *changes;
        size_t n;
        size_t n_ways[AGAINST_MAX_];
};

void against_compare(const struct plan *before, const struct plan *after, struct arena *a, struct against *ret);
/* It comes with a device that changes the same way: who reads of that one knows. */
bool against_follows(const struct against *x, const struct against_change *c);
/* What becomes of a device, in a few words: "vfio-pci, by gpu0", "stays with the host", "refused to gpu0: why". */
const char *against_text(struct arena *a, const struct plan *plan, const struct against_fate *fate);
