/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Reserves huge pages in the kernel's pools, as plan/reserve.h has them. */

#include "plan/reserve.h"

struct huge_result {
        bool tried;
        bool known; /* got is */
        uint64_t got;
        int error; /* of the write, -errno; 0 where it went through, however many pages came of it */
        uint64_t at_us;
};

/* results: beside plan->entries. Never lowers a number. */
void act_pools(const struct root *root, const struct huge_plan *plan, struct huge_result *results);
