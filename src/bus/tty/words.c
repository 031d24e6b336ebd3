/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of [Match] that name serial ports. */
#include <string.h>

#include "base/str.h"
#include "bus/tty/tty.h"
#include "facts/identity.h"

/* As the kernel names terminals. */
static bool is_name(const char *word)
{
        return startswith(word, "tty") && strlen(word) < 32 &&
               !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")];
}

static bool is_half(const char *s, size_t n)
{
        return (n == 1 && *s == '*') || (n == 4 && strspn(s, "0123456789abcdef") >= 4);
}

static bool parse_id(struct arena *a, const char *word, struct words *list)
{
        char *id = arena_strdup(a, word), *colon;

        str_lower(id);
        colon = strchr(id, ':');
        if (!colon || !is_half(id, (size_t)(colon - id)) || !is_half(colon + 1, strlen(colon + 1)) || streq(id, "*:*"))
                return false;
        str_add(a, &list->v, &list->n, id);
        return true;
}

static bool parse(enum match_key key, struct arena *a, const char *word, struct words *list)
{
        if ((key == MATCH_PORT && !is_name(word)) || (key == MATCH_SERIAL && !identity_is_number(word)))
                return false;
        if (key == MATCH_ID)
                return parse_id(a, word, list);
        str_add(a, &list->v, &list->n, arena_strdup(a, word));
        return true;
}

const struct bus_syntax tty_syntax = {
        .name = "tty",
        .sysfs = "/sys/class/tty",
        .taken_by = "udev",
        .right = {[MATCH_PATH] = "the path of the USB or PCI device that the port is on, such as 0000:00:14.0/2.3",
                  [MATCH_ID] = "vendor:device of the USB or PCI device that it is on, such as 0403:6001",
                  [MATCH_SERIAL] = "the serial number of the USB or PCI device that it is on",
                  [MATCH_PORT] = "a terminal's name, such as ttyS1"},
        .parse = parse,
};
