/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stub: no settings. */
#include "config/settings.h"

int settings_load(const struct root *root, struct arena *a, struct diags *diags, struct settings *ret)
{
        (void)root;
        (void)a;
        (void)diags;
        *ret = (struct settings){};
        return 0;
}
