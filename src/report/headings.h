/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What people look for a device under, in words. */

#include "facts/facts.h"

static const char *const heading_names[HEADING_MAX_] = {
        [HEADING_GRAPHICS] = "Graphics", [HEADING_STORAGE] = "Storage", [HEADING_NETWORK] = "Network",
        [HEADING_USB] = "USB",           [HEADING_AUDIO] = "Audio",     [HEADING_ACCELERATORS] = "Accelerators",
        [HEADING_SERIAL] = "Serial",     [HEADING_OTHER] = "Other",     [HEADING_SYSTEM] = "Bridges and system",
};

/* A device that does not say what it is may be anything. */
static inline enum heading heading_of(const struct device *d)
{
        if (d->roles & ROLE_BRIDGE)
                return HEADING_SYSTEM;
        return (*d->class || d->bus->syntax->on_others) && d->bus->heading ? d->bus->heading(d) : HEADING_OTHER;
}
