/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/kept.h"

#include <errno.h>

#include "base/file.h"

int kept_choose(struct ctl *c, const char *name, const char **ret)
{
        struct stat st;
        int k = 0;

        for (unsigned i = 1; k == 0; i++) {
                *ret = arena_printf(&c->arena, KEPT_DIR "/%s.%u", name, i);
                k = file_stat(&c->root, *ret, &st);
        }
        return k == -ENOENT ? 0 : k;
}
