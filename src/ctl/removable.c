/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/removable.h"

#include "base/str.h"

#define SLOTS "/sys/bus/pci/slots/"

/* Whether the device, or a bridge above it, is at "0000:42:00", an address without its function. */
static bool is_at(const struct device *d, const char *place)
{
        size_t n = strlen(place);

        for (const char *at = d->sysfs; (at = strchr(at, '/')); at++)
                if (strncmp(at + 1, place, n) == 0 && at[1 + n] == '.')
                        return n > 0;
        return false;
}

/* A slot has a file power where something can switch it (drivers/pci/hotplug/pci_hotplug_core.c). */
static bool in_switched_slot(const struct root *root, struct arena *a, const struct device *d)
{
        const char **names;
        char place[64];
        size_t n;

        root_look_in(root, a, SLOTS, &names, &n);
        for (size_t i = 0; i < n; i++)
                if (root_exists(root, arena_join(a, SLOTS, names[i], "/power", NULL)) &&
                    root_read(root, arena_join(a, SLOTS, names[i], "/address", NULL), place, sizeof(place)) > 0 &&
                    is_at(d, place))
                        return true;
        return false;
}

bool removable_is(const struct root *root, struct arena *a, const struct device *d)
{
        char word[32];

        /* Documentation/ABI/testing/sysfs-devices-removable: what is behind a port that leads outside is so, too. */
        return (root_read(root, arena_join(a, d->sysfs, "/removable", NULL), word, sizeof(word)) > 0 &&
                streq(word, "removable")) ||
               in_switched_slot(root, a, d);
}
