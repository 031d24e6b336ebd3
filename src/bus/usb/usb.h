/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The USB bus: devices, not their interfaces. See the kernel's Documentation/ABI/stable/sysfs-bus-usb and
 * Documentation/usb.
 */

#include "bus/bus.h"

#define USB_DEVICES "/sys/bus/usb/devices"

/* What only this bus knows of a device. */
struct usb_device {
        unsigned bus, device;   /* of its node, /dev/bus/usb/BUS/DEVICE: the numbers of this moment */
        const char *interfaces; /* class codes of all its interfaces, two digits each: "08 03 "; NULL: unknown */
        const char *node;       /* /dev/bus/usb/001/004 */
        bool hub;
        bool blocked; /* nobody has authorised it */
};

static inline const struct usb_device *usb_of(const struct device *d)
{
        return d->own;
}

/* "1-2.3": bus, and the ports on the way; no other text. Not "usb1", nor an interface, "1-2.3:1.0". */
bool usb_is_address(const char *text);

/* guest.c: what a virtual machine opens. */
void usb_guest(struct arena *a, const struct facts *facts, const struct device *d, const char *link,
               struct guest_device *ret);

extern const struct bus_syntax usb_syntax;
extern const struct bus usb_bus;
extern const struct bus_source usb_source;
