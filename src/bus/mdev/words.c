/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of [Match] that name parents of mediated devices: what the kernel calls them, and no others. */
#include <string.h>

#include "base/str.h"
#include "bus/mdev/mdev.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-*?[]"

static bool parse(enum match_key key, struct arena *a, const char *word, struct words *list)
{
        (void)key;
        if (strlen(word) > 63 || *word == '.' || *word == '-' || word[strspn(word, LETTERS)])
                return false;
        str_add(a, &list->v, &list->n, arena_strdup(a, word));
        return true;
}

const struct bus_syntax mdev_syntax = {
        .name = "mdev",
        .noun = "parent of mediated devices",
        .sysfs = "/sys/bus/mdev",
        .made = true,
        .right = {[MATCH_ADDRESS] = "the name of a parent in " MDEV_PARENTS ", such as mtty; shell globs allowed"},
        .parse = parse,
};
