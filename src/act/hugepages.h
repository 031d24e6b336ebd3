/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Reserves huge pages, as plan/hugepages.h has them. */

#include "plan/hugepages.h"

struct huge_result {
        bool tried;
        bool known; /* got is */
        uint64_t got;
        const char *error; /* of the write; NULL where it went through, however many pages came of it */
        uint64_t at_us;
};

/* results: beside plan->entries. Never lowers a number. */
void act_hugepages(const struct root *root, const struct huge_plan *plan, struct arena *a, struct huge_result *results);
