/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What other programs' files say of devices: driverctl, mdevctl, modprobe.d(5), systemd-networkd. */

#include <stdbool.h>

#include "base/root.h"

/* One device's driver for driverctl; a device that makes mediated ones for mdevctl. */
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

/* A file of systemd-networkd or udev's net_setup_link, and its [Match]. */
struct network_file {
        const char *file;
        struct network_match {
                const char *key, *value;
        } * matches;
        size_t n_matches;
        bool sriov; /* it sets up virtual functions */
};

struct rivals {
        struct override *driverctl, *mdevctl;
        size_t n_driverctl, n_mdevctl;
        struct modprobe_line *modprobe; /* about VFIO's modules; ids= are in facts/ids.h */
        size_t n_modprobe;
        struct network_file *network;
        size_t n_network;
};

/* All of them; a file that is absent or unreadable says nothing. */
void rivals_read(const struct root *root, struct arena *a, struct rivals *ret);
/* That kind alone, into what is zeroed. */
void rivals_read_driverctl(const struct root *root, struct arena *a, struct rivals *ret);
