/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>

#include "act/act.h"
#include "act/kmod.h"
#include "act/sysfs.h"
#include "base/str.h"

int act_give_back(const struct root *root, struct arena *a, const char *address, const char *driver)
{
        struct sysfs s = {.root = root, .probe_fd = -1};
        char *dir = arena_join(a, "/sys/bus/pci/devices/", address, NULL);
        char *link = dir ? arena_join(a, dir, "/driver", NULL) : NULL;
        char *unbind = link ? arena_join(a, link, "/unbind", NULL) : NULL;
        char *override = dir ? arena_join(a, dir, "/driver_override", NULL) : NULL;
        char *modalias = dir ? arena_join(a, dir, "/modalias", NULL) : NULL;
        char text[PATH_MAX];
        int k;

        if (!link || !unbind || !override || !modalias)
                return -ENOMEM;
        /* "\n" clears; a write of nothing would change nothing. */
        k = sysfs_write(&s, override, "\n");
        if (k == 0 && root_readlink(root, link, text, sizeof(text)) > 0 && streq(str_basename(text), driver))
                k = sysfs_write(&s, unbind, address);
        /* udev has loaded it already, as a rule; where it is not there, the probe finds what there is. */
        if (k == 0 && root->live && root_read(root, modalias, text, sizeof(text)) > 0 && kmod_load(text) == -ENOMEM)
                k = -ENOMEM;
        if (k == 0)
                k = sysfs_write(&s, SYSFS_PROBE, address);
        sysfs_close(&s);
        return k;
}
