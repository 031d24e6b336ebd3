/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Carries out a plan's operations: the only module that changes the machine. One process, no child. */

#include "plan/plan.h"

enum device_state {
        STATE_NONE,  /* not tried (yet) */
        STATE_BOUND, /* before any native driver */
        STATE_LATE,  /* taken from the driver in from */
        STATE_REFUSED,
        STATE_FAILED, /* tried, and put back */
        STATE_SKIPPED,
        STATE_MAX_,
};

extern const char *const device_state_names[STATE_MAX_];

struct result {
        enum device_state state;
        const char *from;  /* of STATE_LATE */
        const char *error; /* of STATE_FAILED */
        uint64_t at_us;    /* CLOCK_MONOTONIC when it was seen done */
};

/*
 * The operations of one stage, and of one rule unless that is NO_ENTRY. A device whose operation fails is put back and
 * the others go on. results (beside plan->entries) is filled for what was tried. 0 or -ENOMEM.
 */
int act_run(const struct root *root, const struct plan *plan, enum stage stage, size_t rule, struct arena *a,
            struct result *results) _must_check_;

/* A function to whatever driver of the host matches it. 0 or -errno. */
int act_give_back(const struct root *root, struct arena *a, const char *address, const char *driver) _must_check_;

/* Undoes OP_HIDE. 1, 0 where nothing was hidden, or -errno. */
int act_unhide(const struct root *root, struct arena *a) _must_check_;
