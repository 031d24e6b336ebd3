/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What other programs' files say of devices: driverctl, modprobe.d(5). */

#include <stdbool.h>

#include "base/root.h"

/* One device's driver for driverctl. */
struct override {
        const char *file, *address, *driver; /* driver: "" where the file says none */
};

struct modprobe_line {
        enum modprobe_kind {
                MODPROBE_BLACKLIST,
                MODPROBE_INSTALL,
        } kind;
        const char *file, *line;
};

struct rivals {
        struct override *driverctl;
        size_t n_driverctl;
        struct modprobe_line *modprobe; /* about VFIO's modules; ids= are in facts/ids.h */
        size_t n_modprobe;
};

/* All of them; a file that is absent or unreadable says nothing. */
void rivals_read(const struct root *root, struct arena *a, struct rivals *ret);
/* That kind alone, into what is zeroed. */
void rivals_read_driverctl(const struct root *root, struct arena *a, struct rivals *ret);
