/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What people call a device: an address, a path below /dev, a disk, an interface or a terminal by the kernel's name;
 * and which PCI function that is.
 */

#include "facts/facts.h"

struct lookup {
        size_t device;    /* or NO_DEVICE */
        const char *why;  /* why there is none */
        bool is_there;    /* the kernel has something of that name, be it a device or not */
        const char *note; /* what else goes with the function, or NULL */
};

/* That nothing has an address, which is one. */
const char *lookup_absent(struct arena *a, const char *address);

/* facts: with all functions, and the host's nodes where they are to be had. */
void device_lookup(const struct root *root, struct arena *a, const struct facts *facts, const char *name,
                   struct lookup *ret);
