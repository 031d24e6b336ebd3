/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a host that is up knows of the devices of its rules, written down for boots in which nothing of that shows. The
 * file is that of facts/clearance.h.
 */

#include "plan/plan.h"

/* Who is cleared, as it is written down. */
struct clearance cleared_now(const struct plan *plan, struct arena *a);

/* A hash of who is cleared for which rule, and under which root=; false if this machine cannot be told from others. */
bool cleared_hash(const struct root *root, struct arena *a, const struct plan *plan, uint64_t *ret);

enum cleared {
        CLEARED_ANEW,
        CLEARED_UNKNOWN_MACHINE, /* it cannot be told from others: nothing is written */
        CLEARED_AS_BEFORE,       /* a boot would decide by the host's own as by this one */
};

/* The text for the host's own, for boots of an image that was built elsewhere. */
enum cleared cleared_anew(const struct root *root, struct arena *a, const struct plan *plan, char **ret) _must_check_;

/* For an image, and for what is planned on the host until the next one. 0, CLEARED_UNKNOWN_MACHINE or -errno. */
int cleared_write(const struct root *root, struct arena *a, const struct plan *plan,
                  const struct root *image) _must_check_;
