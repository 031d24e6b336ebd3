/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Mediated devices (Documentation/driver-api/vfio-mediated-device.rst): a driver makes them of one of its own devices,
 * the parent. On this bus are those that are there, and parents that are on no other bus.
 */

#include "bus/bus.h"

#define MDEV_PARENTS "/sys/class/mdev_bus"
#define MDEV_DEVICES "/sys/bus/mdev/devices"
#define MDEV_TYPES   "mdev_supported_types"

/* What only this bus knows of a device. */
struct mdev_own {
        const char *type; /* that it is of, as people read it; of a parent NULL */
        const char *api;  /* what a virtual machine opens it as: "vfio-pci"; likewise */
};

static inline const struct mdev_own *mdev_of(const struct device *d)
{
        return d->own;
}

static inline bool mdev_is_parent(const struct device *d)
{
        return !d->parent;
}

/* plan.c: one that is there needs no more; it goes when it is given back. */
void mdev_take(struct planner *p, size_t entry, struct ops *ops);
void mdev_give(struct arena *a, const struct device *d, const char *driver, struct ops *ops);

/* udev.c: the parents that a rule matches. */
const char *mdev_udev(struct arena *a, const struct rule *rule, bool *ret_whole);

/* guest.c: what a virtual machine opens. */
void mdev_guest(struct arena *a, const struct facts *facts, const struct device *d, const char *link,
                struct guest_device *ret);

extern const struct bus_syntax mdev_syntax;
extern const struct bus mdev_bus;
extern const struct bus_source mdev_source;
