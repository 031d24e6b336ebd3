/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial ports as the plan sees them. Pure. */
#include "bus/tty/tty.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "plan/planner.h"

static bool find(const struct device *devices, size_t n, const char *text, size_t *ret)
{
        *ret = NO_DEVICE;
        if (!startswith(text, "tty") || strchr(text, '/'))
                return false;
        for (size_t i = 0; i < n && *ret == NO_DEVICE; i++)
                if (streq(devices[i].address, text))
                        *ret = i;
        return true;
}

static bool same_card(const struct device *a, const struct device *b)
{
        return a == b;
}

static enum tristate match(enum match_key key, const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        return key == MATCH_PORT && streq(word, d->address);
}

static const char *kind(const char *class)
{
        (void)class;
        return NULL;
}

static unsigned roles(const char *class)
{
        (void)class;
        return ROLE_SERIAL | ROLE_GUARDED;
}

static void alias(const struct device *d, const char *bus, char *buf, size_t size)
{
        snprintf(buf, size, "%s:%s", bus, d->address);
}

static void propose(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                    const char **ret_why)
{
        *ret_why = n == 1 ? NULL : "a rule for serial ports is for one port";
        *ret = n == 1 ? arena_join(a, "Port=", facts->devices[devices[0]].address, "\n", NULL) : NULL;
}

static void take(struct planner *p, size_t entry, struct ops *ops)
{
        (void)p;
        (void)entry;
        (void)ops;
}

static void give(struct arena *a, const struct device *d, const char *driver, struct ops *ops)
{
        (void)a;
        (void)d;
        (void)driver;
        (void)ops;
}

const struct bus tty_bus = {
        .syntax = &tty_syntax,
        .find = find,
        .same_card = same_card,
        .match = match,
        .kind = kind,
        .roles = roles,
        .alias = alias,
        .propose = propose,
        .take = take,
        .give = give,
        .guest = tty_guest,
};
