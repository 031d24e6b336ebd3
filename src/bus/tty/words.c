/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of [Match] that name serial ports: their own, and those of the device that they are on. */
#include <string.h>

#include "base/str.h"
#include "bus/tty/tty.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS  "0123456789"

/* As the kernel names ports: by their driver and a number. A number alone names a virtual terminal. */
bool tty_is_name(const char *text)
{
        size_t n = strlen(text);

        return startswith(text, "tty") && strspn(text + 3, LETTERS) > 0 && n < 32 &&
               !text[strspn(text, LETTERS DIGITS)] && strchr(DIGITS, text[n - 1]);
}

static bool has(const struct words *list, const char *word)
{
        return str_index(word, list->v, list->n) >= 0;
}

/* What the bus of such a device has for the word; two that spell it differently are two alternatives. */
static bool parse_carriers(enum match_key key, struct arena *a, const char *word, struct words *list)
{
        bool known = false;

        for (size_t i = 0; bus_syntaxes[i]; i++) {
                const struct bus_syntax *bus = bus_syntaxes[i];
                struct words theirs = {};

                if (bus == &tty_syntax || !bus->right[key] || !bus->parse(key, a, word, &theirs))
                        continue;
                known = true;
                for (size_t k = 0; k < theirs.n; k++)
                        if (!has(list, theirs.v[k]))
                                str_add(a, &list->v, &list->n, theirs.v[k]);
        }
        return known;
}

static bool parse(enum match_key key, struct arena *a, const char *word, struct words *list)
{
        if (key != MATCH_PORT)
                return parse_carriers(key, a, word, list);
        if (!tty_is_name(word))
                return false;
        str_add(a, &list->v, &list->n, arena_strdup(a, word));
        return true;
}

const struct bus_syntax tty_syntax = {
        .name = "tty",
        .noun = "serial port",
        .sysfs = TTY_CLASS,
        .taken_by = "udev",
        .driverless = true,
        .on_others = true,
        .right = {[MATCH_PATH] = "the path of the USB or PCI device that the port is on, such as 0000:00:14.0/2.3",
                  [MATCH_ID] = "vendor:device of the USB or PCI device that it is on, such as 0403:6001",
                  [MATCH_SERIAL] = "the serial number of the USB or PCI device that it is on",
                  [MATCH_PORT] = "a serial port's name, such as ttyS1; tty1 and the like are virtual terminals"},
        .parse = parse,
};
