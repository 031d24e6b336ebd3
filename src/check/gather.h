/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The parts of check_gather(), one file each. All return 0 or -errno. */

#include "check/check.h"

struct gather {
        const struct loader *const *loaders;
        const struct root *root;
        struct arena *arena;
        const struct plan *plan;
        struct check_facts *facts;
};

/* gather-host.c */
int gather_devices(struct gather *g) _must_check_;
int gather_interfaces(struct gather *g) _must_check_;
/* gather-images.c */
int gather_images(struct gather *g) _must_check_;
int gather_trial(struct gather *g) _must_check_;
