/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Serial ports: the terminals of the kernel's class tty that hardware is behind (Documentation/ABI/stable/sysfs-tty).
 */

#include "bus/bus.h"

#define TTY_CLASS "/sys/class/tty"

/* What only this bus knows of a port. */
struct tty_port {
        const char *node;    /* /dev/ttyS1 */
        const char *use;     /* what the host itself has it for, or NULL: see facts/terminals.h */
        const char *unknown; /* why that cannot be told, or NULL */
};

static inline const struct tty_port *tty_of(const struct device *d)
{
        return d->own;
}

/* words.c */
bool tty_is_name(const char *text);

/* carrier.c: the device of another bus that the port is on, position in facts; NO_DEVICE: it is the board's own. */
size_t tty_carrier(const struct facts *facts, const struct device *d);
/* How many ports are on that device. */
size_t tty_ports_on(const struct facts *facts, size_t carrier);

/* propose.c */
void tty_propose(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                 const char **ret_why);
/* udev.c */
const char *tty_udev(struct arena *a, const struct rule *rule, bool *ret_whole);
/* plan.c */
void tty_take(struct planner *p, size_t entry, struct ops *ops);
void tty_give(struct arena *a, const struct device *d, const char *driver, struct ops *ops);

/* guest.c: what a virtual machine opens. */
void tty_guest(struct arena *a, const struct facts *facts, const struct device *d, const char *link,
               struct guest_device *ret);

extern const struct bus_syntax tty_syntax;
extern const struct bus tty_bus;
extern const struct bus_source tty_source;
