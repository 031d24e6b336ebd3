/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB as the plan sees it. Pure. */
#include "bus/usb/usb.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "facts/match.h"

static bool find(const struct device *devices, size_t n, const char *text, size_t *ret)
{
        *ret = bus_find(devices, n, text);
        return usb_is_address(text);
}

static enum tristate match(enum match_key key, const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        switch (key) {
        case MATCH_PORT:
                return streq(word, d->address);
        case MATCH_PATH:
                return streq(word, d->path);
        case MATCH_ID:
                return match_id(word, d->id);
        case MATCH_CLASS:
                return usb_of(d)->classes ? strstr(usb_of(d)->classes, word) != NULL : UNKNOWN;
        case MATCH_SERIAL:
                return streq_ptr(d->marks[MARK_SERIAL], word);
        default:
                return NO;
        }
}

static enum heading heading(const struct device *d)
{
        return usb_heading(usb_of(d)->best);
}

static const char *interfaces(const struct device *d)
{
        return usb_of(d)->whole ? usb_of(d)->classes : NULL;
}

/* As udev asks its hardware database (udev-builtin-usb_id.c, hwdb.d/20-usb-vendor-model.hwdb). */
static void alias(const struct device *d, const char *bus, char *buf, size_t size)
{
        unsigned vendor = 0, product = 0;

        sscanf(d->id, "%x:%x", &vendor, &product);
        snprintf(buf, size, "%s:v%04Xp%04X", bus, vendor, product);
}

static bool refuse(struct arena *a, const struct rule *rule, const struct device *d, struct reason *ret)
{
        (void)a;
        (void)rule;
        if (d->roles & ROLE_BRIDGE)
                return reason_set(ret, REASON_BRIDGE,
                                  "it is a hub, and hubs are never handed over; name what is "
                                  "plugged into it");
        if (!d->identified)
                return reason_set(ret, REASON_UNIDENTIFIED, "it does not show what it is");
        if (usb_of(d)->blocked)
                return reason_set(ret, REASON_BLOCKED,
                                  "usbguard, or whoever wrote 0 to its file \"authorized\", blocks it; passthrough "
                                  "authorises no device: allow it there");
        return false;
}

const struct bus usb_bus = {
        .syntax = &usb_syntax,
        .find = find,
        .match = match,
        .kind = usb_kind,
        .heading = heading,
        .roles = usb_roles,
        .alias = alias,
        .propose = usb_propose,
        .take = usb_take,
        .give = usb_give,
        .refuse = refuse,
        .plugged = true,
        .udev = usb_udev,
        .udev_is = usb_udev_is,
        .udev_head = usb_udev_head,
        .interfaces = interfaces,
        .guest = usb_guest,
};
