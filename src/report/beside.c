/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/beside.h"

#include "base/str.h"
#include "plan/propose.h"
#include "report/headings.h"

/* How much of a path leads to the bridge that the device's own port hangs off; 0 where there is none. */
static size_t above_port(const char *path)
{
        size_t n = strlen(path);

        for (unsigned up = 0; up < 2; up++) {
                while (n > 0 && path[n - 1] != '/')
                        n--;
                n -= n > 0;
        }
        return n;
}

static bool same_vendor(const struct device *a, const struct device *b)
{
        return *a->id && strncmp(a->id, b->id, strcspn(a->id, ":") + 1) == 0;
}

/* The bridge at the start of the display's path is its maker's, and no root port: the card's own switch, no board's. */
static bool own_switch(const struct facts *facts, const struct device *d, size_t length)
{
        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *bridge = &facts->devices[i];

                if (bridge->roles & ROLE_BRIDGE && bridge->bus == d->bus && strlen(bridge->path) == length &&
                    strncmp(bridge->path, d->path, length) == 0)
                        return same_vendor(bridge, d) && strchr(bridge->path, '/');
        }
        return false;
}

size_t beside_next(const struct facts *facts, size_t display, size_t after)
{
        const struct device *d = &facts->devices[display];
        size_t length = d->roles & ROLE_DISPLAY ? above_port(d->path) : 0;

        if (length == 0 || !own_switch(facts, d, length))
                return NO_DEVICE;
        for (size_t i = after == NO_DEVICE ? 0 : after + 1; i < facts->n_devices; i++) {
                const struct device *x = &facts->devices[i];

                if (x->bus == d->bus && !(x->roles & (ROLE_BRIDGE | ROLE_DISPLAY)) && same_vendor(x, d) &&
                    above_port(x->path) == length && strncmp(x->path, d->path, length) == 0 && !device_same_card(x, d))
                        return i;
        }
        return NO_DEVICE;
}

const char *beside_word(const struct facts *facts, size_t device, size_t with)
{
        static const char *const words[HEADING_MAX_] = {
                [HEADING_AUDIO] = ", its audio",
                [HEADING_USB] = ", its USB",
                [HEADING_GRAPHICS] = ", its second display",
        };
        const struct device *d = &facts->devices[device];
        const char *word = words[heading_of(d)];

        return word && (device_same_card(d, &facts->devices[with]) || propose_goes_along(facts, device, with)) ? word
                                                                                                               : "";
}
