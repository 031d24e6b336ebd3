/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What shows of one device beyond what every plan asks: each costs reads of its own. */

#include "facts/facts.h"

struct interface {
        const char *name, *mac; /* mac: NULL where it does not show */
};

struct inspection {
        enum tristate reset;      /* it can be reset on its own */
        const char *reset_method; /* what its file has; NULL: there is none */
        enum tristate authorized; /* USB: whether the kernel lets drivers have it; UNKNOWN elsewhere */
        const char *framebuffer;  /* the firmware's, below it; or NULL */
        const char *console;      /* a framebuffer that its driver has made for the console: "fb0"; or NULL */
        struct interface *interfaces;
        size_t n_interfaces;
};

/* kernel: the release that runs, or NULL. */
void inspect(const struct root *root, struct arena *a, const char *kernel, const struct device *d,
             struct inspection *ret);
