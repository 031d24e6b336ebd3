/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Serial ports: the terminals of the kernel's class tty that hardware is behind (Documentation/ABI/stable/sysfs-tty).
 */

#include "bus/bus.h"

#define TTY_CLASS "/sys/class/tty"

/* What only this bus knows of a port. */
struct tty_port {
        const char *node; /* /dev/ttyS1 */
        bool absent;      /* "type" is 0: no UART is there */
};

static inline const struct tty_port *tty_of(const struct device *d)
{
        return d->own;
}

/* guest.c: what a virtual machine opens. */
void tty_guest(struct arena *a, const struct facts *facts, const struct device *d, const char *link,
               struct guest_device *ret);

extern const struct bus_syntax tty_syntax;
extern const struct bus tty_bus;
extern const struct bus_source tty_source;
