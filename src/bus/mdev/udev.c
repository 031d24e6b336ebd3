/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [Match] as udev can judge it: a parent's name is that of its device. */
#include "base/str.h"
#include "bus/mdev/mdev.h"

const char *mdev_udev(struct arena *a, const struct rule *rule, bool *ret_whole)
{
        const struct words *list = &rule->match[MATCH_ADDRESS];
        const char *text = list->negate ? "KERNEL!=\"" : "KERNEL==\"";

        for (size_t i = 0; i < list->n && strlen(text) <= BUS_UDEV_MAX; i++)
                text = arena_join(a, text, i > 0 ? "|" : "", list->v[i], NULL);
        *ret_whole = strlen(text) <= BUS_UDEV_MAX;
        return *ret_whole ? arena_join(a, text, "\", ", NULL) : "";
}
