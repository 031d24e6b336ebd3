/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Carries out operations: the only module that changes the machine. During a boot one process, no child; by hand with
 * patience, see sysfs.c. Between the first and the last write no memory is taken.
 */

#include "plan/plan.h"

enum device_state {
        STATE_NONE,  /* not tried (yet) */
        STATE_BOUND, /* before any native driver */
        STATE_LATE,  /* taken from the driver in from */
        STATE_REFUSED,
        STATE_FAILED,  /* tried, and put back */
        STATE_SKIPPED, /* left or given back to the host */
        STATE_BEGUN,   /* its operations have begun, and nobody has told how they ended; from: what had it before */
        STATE_MAX_,
};

extern const char *const device_state_names[STATE_MAX_];

struct result {
        enum device_state state;
        const char *from;  /* of STATE_LATE */
        const char *error; /* of STATE_FAILED */
        const char *left;  /* of another state: what of OP_OPTIONAL failed; or NULL */
        const char *now;   /* what has it instead, where it was given back; or NULL */
        uint64_t at_us;    /* CLOCK_MONOTONIC when it was seen done */
        bool resumed;      /* an earlier run has begun it: whatever fails now, it is put back */
};

enum act_end {
        ACT_DONE,
        ACT_STUCK, /* a write has not come back within the patience, and the rest is untried */
};

/* The operations that are carried out, and how many seconds a write may take; 0: as long as it takes. */
struct act_choice {
        enum stage stage;    /* STAGE_AUTO: of every stage */
        const bool *resumed; /* beside plan->entries, or NULL: those of earlier stages that are carried out, too */
        size_t rule;         /* NO_ENTRY: of every rule */
        unsigned patience;
};

/*
 * A device whose operation fails is put back as it was found, and the others go on. results (beside plan->entries) is
 * filled for what was tried.
 */
enum act_end act_take(const struct root *root, const struct plan *plan, const struct act_choice *choice,
                      struct arena *a, struct result *results);

/* Gives one device back to the host's own driver, also where it had ours when it was found. Its state is STATE_SKIPPED
 * once that is done, else STATE_FAILED. */
enum act_end act_give(const struct root *root, const char *address, const struct ops *back, unsigned patience,
                      struct arena *a, struct result *ret);

uint64_t act_now(void);

/* Undoes what udev claims in an initrd, on buses whose devices udev claims. 0 or -errno; *ret: whether it claimed. */
int act_unclaim(const struct root *root, struct arena *a, bool *ret) _must_check_;

/* The same where nobody claims anything by now: what was claimed gets its drivers. */
void act_unclaimed(const struct root *root, struct arena *a);

/* Undoes OP_HIDE. 0 or -errno; *ret: whether anything was hidden. */
int act_unhide(const struct root *root, struct arena *a, bool *ret) _must_check_;
