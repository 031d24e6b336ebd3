/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "act/act.h"
#include "act/sysfs.h"
#include "base/str.h"

/* udevd looks for changed rules before each event. */
int act_unhide(const struct root *root, struct arena *a)
{
        struct sysfs s = {.root = root, .probe_fd = -1};
        const char **names;
        size_t n;
        int k;

        if (!root_exists(root, HIDE_RULES))
                return 0;
        k = root_replace(root, HIDE_RULES, "", 0);
        if (k == 0 && root_exists(root, HIDE_LVM))
                k = root_replace(root, HIDE_LVM, "", 0);
        if (k == 0)
                k = root_list(root, a, "/sys/class/block", &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++) {
                char *path = arena_join(a, "/sys/class/block/", names[i], "/uevent", NULL);

                /* One that went away meanwhile is none to speak of. */
                (void)!sysfs_write(&s, path, "change");
        }
        return k < 0 ? k : 1;
}
