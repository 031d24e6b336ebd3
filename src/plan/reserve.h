/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* From settings and memory to the pages that are reserved. Pure, as plan.h is. */

#include "config/settings.h"
#include "facts/memory.h"

enum huge_action {
        HUGE_WRITE,
        HUGE_KEEP, /* as many are there already, or more: none is ever given back */
        HUGE_REFUSE,
        HUGE_SKIP, /* switched off */
        HUGE_ACTION_MAX_,
};

extern const char *const huge_action_names[HUGE_ACTION_MAX_];

struct huge_entry {
        const char *size; /* "1G" */
        bool by_node;     /* for one NUMA node, else for the whole machine */
        uint32_t node;
        const char *place; /* "node 0", "the machine" */
        uint64_t asked;    /* pages */
        enum huge_action action;
        uint64_t there;             /* before it, as far as that shows */
        const char *target, *value; /* of HUGE_WRITE */
        const char *reason;
};

struct huge_plan {
        struct huge_entry *entries; /* in the order they are done: the largest pages first */
        size_t n;
};

/* off_by: the switch that keeps everything from being done, or NULL. */
struct huge_plan reserve_plan(const struct settings *settings, const struct memory *memory, const char *off_by,
                              struct arena *a);

/* The first entry of that size that is refused, or NULL. */
const struct huge_entry *reserve_refused(const struct huge_plan *plan, const char *size);

/*
 * Of so many bytes of memory what stays for the host: 1 GiB or a tenth, whichever is less; of the machine as a whole no
 * less than 512 MiB, or half of it, nor than a 64th.
 */
uint64_t reserve_for_host(uint64_t total, bool machine);
/* "6.9 GiB" */
const char *reserve_bytes(struct arena *a, uint64_t bytes);
