/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What would make a refused rule ok: changes of the config, each tried in a plan of its own. Nothing is advised that
 * this plan, with the facts that it has, would refuse as well. Pure.
 */

#include "plan/plan.h"

struct remedy {
        bool found;
        /* Lines more of [Device]. */
        bool complete;   /* IOMMUGroup=complete */
        bool display;    /* AllowBootDisplay=yes */
        uint32_t expect; /* Expect=, or 0: as it is */
        /* Devices for a rule with Driver=native, which has that name and decides first. */
        const char *name;
        size_t *devices;
        size_t n_devices;

        /* Where the whole group would not do, the plan with it, which says why; its entries are NULL elsewhere. */
        struct plan with_group;
};

/* rule: one that is RULE_REFUSED. No other rule that is ok stops being so. */
struct remedy remedy_find(const struct plan *plan, size_t rule, struct arena *a) _must_check_;
/* Whether a further rule, for that device, would have this one ok; likewise. */
bool remedy_is_added(const struct plan *plan, size_t rule, size_t device, struct arena *a) _must_check_;
/* "IOMMUGroup=complete and AllowBootDisplay=yes", of a remedy that has some; else NULL. */
const char *remedy_settings(const struct remedy *remedy) _must_check_;
