/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of [Match] that name USB devices. */
#include <string.h>

#include "base/str.h"
#include "bus/usb/usb.h"
#include "facts/identity.h"

static bool number(const char **s)
{
        size_t n = strspn(*s, "0123456789");

        if (n == 0 || n > 3 || **s == '0')
                return false;
        *s += n;
        return true;
}

/* "2.3": ports from the controller on. */
static bool is_ports(const char *s)
{
        while (number(&s))
                if (*s++ != '.')
                        return !s[-1];
        return false;
}

bool usb_is_address(const char *text)
{
        return number(&text) && *text == '-' && is_ports(text + 1);
}

static bool hex(const char **s, size_t min, size_t max)
{
        size_t n = strspn(*s, "0123456789abcdefABCDEF");

        *s += n;
        return n >= min && n <= max;
}

/* "00:14.0", "0000:00:14.0"; *ret_domain: whether it has that. Not "PNP0D10:00", as ACPI has controllers. */
static bool is_pci(const char *s, bool *ret_domain)
{
        bool domain = *ret_domain = strchr(s, ':') != strrchr(s, ':');

        return (!domain || (hex(&s, 4, 8) && *s++ == ':')) && hex(&s, 2, 2) && *s++ == ':' && hex(&s, 2, 2) &&
               *s++ == '.' && *s >= '0' && *s <= '7' && !s[1];
}

/*
 * CONTROLLER/PORT, or CONTROLLER/usb3:PORT. A controller on PCI goes by its address, in lower case and with its domain;
 * others by their names, as they are.
 */
static bool parse_path(struct arena *a, const char *word, struct words *list)
{
        const char *slash = strchr(word, '/'), *ports = slash ? slash + 1 : NULL;
        char *controller;
        bool domain;

        if (!slash || slash == word)
                return false;
        if (startswith(ports, "usb3:"))
                ports += strlen("usb3:");
        if (!is_ports(ports))
                return false;
        controller = arena_strndup(a, word, (size_t)(slash - word));
        if (is_pci(controller, &domain)) {
                str_lower(controller);
                if (!domain)
                        controller = arena_join(a, "0000:", controller, NULL);
        }
        str_add(a, &list->v, &list->n, arena_join(a, controller, slash, NULL));
        return true;
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

/* USB-IF's class codes; what rules call them. */
static const struct {
        const char *name, *code;
} classes[] = {
        {"hid", "03"},   {"storage", "08"}, {"printer", "07"}, {"video", "0e"},
        {"audio", "01"}, {"serial", "02"},  {"serial", "0a"},  {"wireless", "e0"},
};

static bool parse_class(struct arena *a, const char *word, struct words *list)
{
        char *code;
        size_t n = list->n;

        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (streq(word, classes[i].name))
                        str_add(a, &list->v, &list->n, classes[i].code);
        if (list->n > n)
                return true;
        code = arena_strdup(a, word);
        str_lower(code);
        if (strlen(code) != 2 || code[strspn(code, "0123456789abcdef")])
                return false;
        str_add(a, &list->v, &list->n, code);
        return true;
}

static bool parse(enum match_key key, struct arena *a, const char *word, struct words *list)
{
        if (key == MATCH_PATH)
                return parse_path(a, word, list);
        if ((key == MATCH_PORT && !usb_is_address(word)) || (key == MATCH_SERIAL && !identity_is_number(word)))
                return false;
        if (key == MATCH_ID)
                return parse_id(a, word, list);
        if (key == MATCH_CLASS)
                return parse_class(a, word, list);
        str_add(a, &list->v, &list->n, arena_strdup(a, word));
        return true;
}

const struct bus_syntax usb_syntax = {
        .name = "usb",
        .noun = "USB device",
        .sysfs = "/sys/bus/usb",
        .taken_by = "usbfs",
        .right = {[MATCH_PATH] = "a controller and a port, such as 0000:00:14.0/2.3",
                  [MATCH_ID] = "vendor:product in hex, such as 0951:1666; one half may be \"*\", not both",
                  [MATCH_CLASS] = "hid, storage, printer, video, audio, serial, wireless, or two hex digits",
                  [MATCH_SERIAL] = "the device's serial number; one of nothing but 0 or f tells no device from others",
                  [MATCH_PORT] = "a port as the kernel names it, such as 1-2.3"},
        .unstable = {[MATCH_PORT] = "bus numbers may be others in the next boot; Path= names the socket"},
        .parse = parse,
};
