/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the kernel's log says of a device's virtual functions (drivers/pci/iov.c; ice_main.c). */

#include "base/root.h"
#include "base/str.h"

struct complaints {
        bool known;           /* the log was read */
        struct strings lines; /* of it, those that are about it, without their record's head */
};

/* capture does not copy the log: it has more in it than this. */
void complaints_read(const struct root *root, struct arena *a, struct complaints *ret);
