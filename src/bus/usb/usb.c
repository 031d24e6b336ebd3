/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB as the plan sees it. Pure. */
#include "bus/usb/usb.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "plan/planner.h"

static bool find(const struct device *devices, size_t n, const char *text, size_t *ret)
{
        *ret = NO_DEVICE;
        if (!usb_is_address(text))
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

static bool half_fits(const char *word, const char *id, size_t n)
{
        return (n == 1 && *word == '*') || (n == 4 && strncmp(word, id, 4) == 0);
}

static enum tristate match(enum match_key key, const char *word, const struct facts *facts, const struct device *d)
{
        const char *colon = strchr(word, ':');

        (void)facts;
        switch (key) {
        case MATCH_PORT:
                return streq(word, d->address);
        case MATCH_PATH:
                return streq(word, d->path);
        case MATCH_ID:
                return half_fits(word, d->id, (size_t)(colon - word)) &&
                       half_fits(colon + 1, strchr(d->id, ':') + 1, strlen(colon + 1));
        case MATCH_CLASS:
                return usb_of(d)->interfaces ? strstr(usb_of(d)->interfaces, word) != NULL : UNKNOWN;
        case MATCH_SERIAL:
                return streq_ptr(d->marks[MARK_SERIAL], word);
        default:
                return NO;
        }
}

static const char *kind(const char *class)
{
        (void)class;
        return NULL;
}

static unsigned roles(const char *class)
{
        (void)class;
        return ROLE_GUARDED;
}

static void alias(const struct device *d, const char *bus, char *buf, size_t size)
{
        snprintf(buf, size, "%s:%s", bus, d->id);
}

static void propose(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                    const char **ret_why)
{
        const struct device *d = &facts->devices[devices[0]];

        *ret_why = n == 1 ? NULL : "a rule for USB is for one device";
        *ret = n == 1 ? arena_join(a, "ID=", d->id, "\nPath=", d->path, "\n", NULL) : NULL;
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

const struct bus usb_bus = {
        .syntax = &usb_syntax,
        .find = find,
        .same_card = same_card,
        .match = match,
        .kind = kind,
        .roles = roles,
        .alias = alias,
        .propose = propose,
        .take = take,
        .give = give,
        .guest = usb_guest,
};
