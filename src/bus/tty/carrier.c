/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ports are on. Pure. */
#include "bus/tty/tty.h"
#include "facts/facts.h"

size_t tty_carrier(const struct facts *facts, const struct device *d)
{
        return d->below ? facts_find(facts, d->below) : NO_DEVICE;
}

size_t tty_ports_on(const struct facts *facts, size_t carrier)
{
        size_t n = 0;

        for (size_t i = 0; i < facts->n_devices; i++)
                n += facts->devices[i].bus->syntax == &tty_syntax && tty_carrier(facts, &facts->devices[i]) == carrier;
        return n;
}
