/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <stdio.h>

#include "act/act.h"
#include "act/sysfs.h"

/* udevd looks for changed rules before each event. */
int act_unhide(const struct root *root, struct arena *a, bool *ret)
{
        struct sysfs s = {.root = root, .shared_fd = -1};
        const char **names;
        size_t n;
        int k;

        *ret = root_exists(root, HIDE_RULES);
        if (!*ret)
                return 0;
        k = root_replace(root, HIDE_RULES, "", 0);
        if (k == 0 && root_exists(root, HIDE_LVM))
                k = root_replace(root, HIDE_LVM, "", 0);
        if (k == 0)
                k = root_list(root, a, "/sys/class/block", &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++) {
                char path[PATH_MAX];

                snprintf(path, sizeof(path), "/sys/class/block/%s/uevent", names[i]);
                (void)!sysfs_write(&s, path, "change", false); /* it may have gone away meanwhile */
        }
        return k;
}
