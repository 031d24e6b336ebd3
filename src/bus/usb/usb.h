/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The USB bus: devices, not their interfaces. See the kernel's Documentation/ABI/stable/sysfs-bus-usb and
 * Documentation/usb.
 */

#include "bus/bus.h"

#define USB_DEVICES "/sys/bus/usb/devices"

/* What the device does one of its jobs by; there are some once it has a configuration. */
struct usb_interface {
        const char *name;   /* "1-2:1.0" */
        const char *driver; /* bound, or NULL */
        char class[7];      /* class, subclass and protocol: "080650" */
};

/* What only this bus knows of a device. */
struct usb_device {
        unsigned bus, device; /* of its node: the numbers of this moment; 0: they are not known */
        const char *node;     /* /dev/bus/usb/001/004, or NULL */
        struct usb_interface *interfaces;
        size_t n_interfaces;
        bool whole;          /* the next has those of all its configurations */
        const char *classes; /* of the interfaces of all its configurations, two digits each: "08 03 "; NULL: unknown */
        char best[7]; /* the class that says best what it is, with subclass and protocol, as far as they are known */
        const char **inputs; /* directories of its input devices, below /sys/class/input */
        size_t n_inputs;
        const char *speed; /* in Mbit/s, or NULL */
        bool blocked;      /* nobody has authorised it */
};

static inline const struct usb_device *usb_of(const struct device *d)
{
        return d->own;
}

/* "1-2.3": bus, and the ports on the way; no other text. Not "usb1", nor an interface, "1-2.3:1.0". */
bool usb_is_address(const char *text);

/* socket.c: what it is plugged into, "0000:00:14.0/2.3"; *ret_controller: the directory name in front, or NULL. */
const char *usb_socket(const struct root *root, struct arena *a, const struct device *d, const char **ret_controller);

/* classes.c: of "08", or of an interface with subclass and protocol, "080650". */
const char *usb_kind(const char *class);
unsigned usb_roles(const char *class);
enum heading usb_heading(const char *class);
/* Which of a device's classes says best what it is: true if a does. */
bool usb_says_more(const char *a, const char *b);

/* descriptors.c: calls one() with class, subclass and protocol of each interface; false: they make no sense, or are not
 * all that there are. */
bool usb_read_descriptors(const unsigned char *data, size_t size, void (*one)(void *context, const char *class),
                          void *context);

extern const char usb_udev_head[];
const char *usb_udev_is(struct arena *a, const struct device *d);
const char *usb_udev(struct arena *a, const struct rule *rule, bool *ret_whole);
void usb_propose(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                 const char **ret_why);
void usb_take(struct planner *p, size_t entry, struct ops *ops);
void usb_give(struct arena *a, const struct device *d, const char *driver, struct ops *ops);

/* guest.c: what a virtual machine opens. */
void usb_guest(struct arena *a, const struct facts *facts, const struct device *d, const char *link,
               struct guest_device *ret);

extern const struct bus_syntax usb_syntax;
extern const struct bus usb_bus;
extern const struct bus_source usb_source;
