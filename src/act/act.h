/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Carries out a plan's operations: the only module that changes the machine. During a boot one process, no child; by
 * hand with patience, see sysfs.c.
 */

#include "plan/plan.h"

enum device_state {
        STATE_NONE,  /* not tried (yet) */
        STATE_BOUND, /* before any native driver */
        STATE_LATE,  /* taken from the driver in from */
        STATE_REFUSED,
        STATE_FAILED,  /* tried, and put back */
        STATE_SKIPPED, /* left or given back to the host */
        STATE_MAX_,
};

extern const char *const device_state_names[STATE_MAX_];

struct result {
        enum device_state state;
        const char *from;  /* of STATE_LATE */
        const char *error; /* of STATE_FAILED */
        const char *now;   /* what has it instead, where it was given back; or NULL */
        uint64_t at_us;    /* CLOCK_MONOTONIC when it was seen done */
};

/*
 * The operations of one stage, and of one rule unless that is NO_ENTRY. A device whose operation fails is put back and
 * the others go on. results (beside plan->entries) is filled for what was tried. With patience not 0, a write that
 * takes more seconds ends it. 0, 1 where that was so and the rest is untried.
 */
int act_run(const struct root *root, const struct plan *plan, enum stage stage, size_t rule, unsigned patience,
            struct arena *a, struct result *results) _must_check_;

/*
 * Gives a device that driver has back to whichever driver of the host serves it. The same, for one device:
 * STATE_SKIPPED once it is done.
 */
int act_release(const struct root *root, const struct device *d, const char *driver, unsigned patience, struct arena *a,
                struct result *ret) _must_check_;

struct sysfs;
/* A write that has not come back is told, and kept in mind for who looks at the device next. */
void act_stuck(const struct sysfs *s, struct arena *a, const struct device *d, const char *target, const char *value,
               struct result *r);
uint64_t act_now(void);

/* Undoes OP_HIDE. 1, 0 where nothing was hidden, or -errno. */
int act_unhide(const struct root *root, struct arena *a) _must_check_;
