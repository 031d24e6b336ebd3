/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What drivers ask of those who make virtual functions: the order of things, and how many there can be. Pure. */

#include <stdbool.h>
#include <stdint.h>

/* When the mode of a function's switch is set (Documentation/networking/devlink/devlink-eswitch-attr.rst). */
enum eswitch_when {
        ESWITCH_TRY,    /* nobody knows: before, and if the driver does not take that, after */
        ESWITCH_BEFORE, /* while there is no virtual function */
        ESWITCH_AFTER,  /* once they are there, and none of them has a driver */
};

struct sriov_quirks {
        const char *name, *id; /* id: of a device that is not as the others of that driver; or NULL */
        enum eswitch_when when;
        bool wants_up;         /* it makes none while its interface is down */
        bool flaps;            /* its link goes down while it makes the first */
        bool all_only;         /* it makes as many as there can be, whatever number it is told */
        bool makes_own;        /* it makes them when it is loaded, and no others later */
        const char *parameter; /* of its module: how many; or NULL */
        uint32_t max;          /* 0: as many as the device has */
};

/* driver or id may be NULL; a driver that nobody knows has a row, too. */
const struct sriov_quirks *sriov_quirks_of(const char *driver, const char *id);
