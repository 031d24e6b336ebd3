/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The fault of one device. Noted while others still wait for their writes, told afterwards. */

#include "base/root.h"
#include "plan/ops.h"

enum fault {
        FAULT_NONE,
        FAULT_LOAD,      /* there is no such driver; error: what loading its module said */
        FAULT_WRITE,     /* error: what the write said */
        FAULT_STUCK,     /* the write has not come back */
        FAULT_DRIVER,    /* another driver has the device, or none */
        FAULT_STILL,     /* the driver that it was given has it, still */
        FAULT_UNCLAIMED, /* udev does not have it for the rule */
        FAULT_CLAIMED,   /* udev has it for the rule, still */
        FAULT_NO_DRIVER, /* the host has a driver for it, which did not take it */
};

struct attempt {
        enum fault fault;
        const struct op *op; /* the last one */
        int error;           /* 0 or -errno */
        char driver[64];     /* what had the device when that was looked at; "" for nothing */
};

/* patience: the seconds that a write had. */
const char *attempt_text(const struct attempt *x, const struct root *root, struct arena *a, unsigned patience);
/* The same of what was allowed to fail. */
const char *attempt_left(const struct attempt *x, const struct root *root, struct arena *a, unsigned patience);
