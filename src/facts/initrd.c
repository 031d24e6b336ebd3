/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/initrd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

const struct initrd *initrd_here(const struct root *root, const struct initrd *const *table)
{
        const char *env = getenv("SYSTEMD_IN_INITRD");
        const struct initrd *const *i = table;
        bool v;

        while (*i && !root_exists(root, (*i)->mark))
                i++;
        if (!env || !str_to_bool(env, &v))
                return *i;
        return !v ? NULL : *i ? *i : *table;
}

bool initrd_has_root(const struct root *root, const struct initrd *initrd)
{
        char etc[64];

        return snprintf(etc, sizeof(etc), "%s/etc", initrd->root) < (int)sizeof(etc) && root_exists(root, etc);
}
