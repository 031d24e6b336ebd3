/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/removable.h"

#include "base/str.h"

bool removable_is(const struct root *root, struct arena *a, const struct device *d)
{
        char word[32] = "";
        bool known = root_read(root, arena_join(a, d->sysfs, "/removable", NULL), word, sizeof(word)) > 0;

        /* Documentation/ABI/testing/sysfs-devices-removable: what is behind a port that leads outside is so, too. */
        return d->bus->plugged ? !known || !streq(word, "fixed") : known && streq(word, "removable");
}
