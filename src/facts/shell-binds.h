/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a shell script gives to vfio-pci, as far as its text tells: by driver_override, new_id and bind of sysfs, and by
 * ids= of the module (Documentation/ABI/testing/sysfs-bus-pci). The text is read, never run.
 */

#include <stdbool.h>

#include "base/arena.h"

enum shell_sense {
        SHELL_NAMED,
        SHELL_UNNAMED,   /* the device does not show */
        SHELL_CONDITION, /* it may not come to that */
};

struct shell_bind {
        unsigned line;    /* from 1 */
        const char *text; /* of that line */
        enum shell_sense sense;
        const char *address; /* as it is below /sys, or NULL */
        const char *ids;     /* "10de:1b80", as the module's ids= has it, or NULL */
        bool override;       /* by driver_override alone, which a later write takes back */
};

/* False: the script is too long to be understood; there is nothing then. */
bool shell_binds_read(struct arena *a, const char *text, struct shell_bind **ret, size_t *ret_n) _must_check_;

/* The word names vfio-pci: '-' and '_' are one. */
bool shell_is_vfio_pci(const char *word);
