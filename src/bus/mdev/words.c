/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of [Match] that name parents of mediated devices: what the kernel calls them, and no others. */
#include <string.h>

#include "base/str.h"
#include "bus/mdev/mdev.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-*?[]"

/* "0000:00:02.0", "00:02.0": a parent on PCI is a device of that bus, and matched there. */
static bool is_pci(const char *word)
{
        size_t n = strlen(word);

        return n >= 7 && word[n - 2] == '.' && word[n - 5] == ':' && (n == 7 || (n == 12 && word[4] == ':'));
}

static bool parse(enum match_key key, struct arena *a, const char *word, struct words *list)
{
        (void)key;
        if (strlen(word) > 63 || *word == '.' || *word == '-' || word[strspn(word, LETTERS)] || is_pci(word))
                return false;
        str_add(a, &list->v, &list->n, arena_strdup(a, word));
        return true;
}

const struct bus_syntax mdev_syntax = {
        .name = "mdev",
        .noun = "parent of mediated devices",
        .sysfs = "/sys/bus/mdev",
        .made = true,
        .right = {[MATCH_ADDRESS] =
                          "the name of a parent in " MDEV_PARENTS ", such as mtty, shell globs allowed; a PCI "
                          "device is matched without Bus=mdev"},
        .parse = parse,
};
