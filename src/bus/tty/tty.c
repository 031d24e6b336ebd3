/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial ports as the plan sees them. Pure. */
#include "bus/tty/tty.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "facts/facts.h"

static bool find(const struct device *devices, size_t n, const char *text, size_t *ret)
{
        *ret = bus_find(devices, n, text);
        return tty_is_name(text);
}

/* What is asked of the device that it is on, that one's bus answers. */
static enum tristate match(enum match_key key, const char *word, const struct facts *facts, const struct device *d)
{
        size_t carrier = key == MATCH_PORT ? NO_DEVICE : tty_carrier(facts, d);
        const struct device *c = carrier == NO_DEVICE ? NULL : &facts->devices[carrier];

        if (key == MATCH_PORT)
                return streq(word, d->address);
        if (!c)
                return NO;
        return c->identified ? c->bus->match(key, word, facts, c) : UNKNOWN;
}

static const char *kind(const char *class)
{
        (void)class;
        return "serial";
}

/* What the host has a port for shows early: no kind of those that have to wait for evidence. */
static unsigned roles(const char *class)
{
        (void)class;
        return ROLE_SERIAL;
}

static enum heading heading(const struct device *d)
{
        (void)d;
        return HEADING_SERIAL;
}

static void alias(const struct device *d, const char *bus, char *buf, size_t size)
{
        snprintf(buf, size, "%s:%s", bus, d->address);
}

static bool refuse(struct arena *a, const struct rule *rule, const struct device *d, struct reason *ret)
{
        const struct tty_port *port = tty_of(d);

        (void)rule;
        if (port->use) {
                ret->about = port->use;
                ret->more = arena_join(a, d->address, " \u2190 ", port->use, NULL);
                return reason_set(ret, REASON_NEEDED, arena_join(a, "the host needs it: ", ret->more, NULL));
        }
        return port->unknown &&
               reason_set(ret, REASON_NOT_CLEARED,
                          arena_join(a, "not cleared: the host may talk through it: ", port->unknown, NULL));
}

const struct bus tty_bus = {
        .syntax = &tty_syntax,
        .find = find,
        .match = match,
        .kind = kind,
        .roles = roles,
        .heading = heading,
        .alias = alias,
        .propose = tty_propose,
        .udev = tty_udev,
        .refuse = refuse,
        .take = tty_take,
        .give = tty_give,
        .guest = tty_guest,
};
