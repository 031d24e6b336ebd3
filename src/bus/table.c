/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/str.h"
#include "bus/bus.h"

/* The buses there are: each has a folder here and a line. The first is the one that rules without Bus= mean. */
#define BUSES(X) X(pci) X(usb) X(tty) X(mdev)

#define DECLARE(name)                                                                                                  \
        extern const struct bus_syntax name##_syntax;                                                                  \
        extern const struct bus_source name##_source;
#define SYNTAX(name) &name##_syntax,
#define SOURCE(name) &name##_source,

BUSES(DECLARE)
const struct bus_syntax *const bus_syntaxes[] = {BUSES(SYNTAX) NULL};
const struct bus_source *const bus_table[] = {BUSES(SOURCE) NULL};

const struct bus *bus_named(const char *name)
{
        for (size_t i = 0; bus_table[i]; i++)
                if (streq_ptr(bus_table[i]->bus->syntax->name, name))
                        return bus_table[i]->bus;
        return NULL;
}

size_t bus_find(const struct device *devices, size_t n, const char *address)
{
        for (size_t i = 0; i < n; i++)
                if (streq(devices[i].address, address))
                        return i;
        return NO_DEVICE;
}
