/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [Match] as udev can judge it. The path and the serial number are left out: udev holds all attributes of a line
 * against one device, and these belong to another than the modalias does.
 */
#include <ctype.h>

#include "base/str.h"
#include "bus/tty/tty.h"

static const char *half(struct arena *a, const char *word, size_t n, const char *zeros)
{
        char *text = arena_strndup(a, word, n);

        for (char *c = text; *c; c++)
                *c = (char)toupper((unsigned char)*c);
        return *text == '*' ? text : arena_join(a, zeros, text, NULL);
}

/* As USB's interfaces and PCI's functions have it: "usb:v0403p6001d0600...", "pci:v00001B36d00000002sv...". */
static const char *modaliases(struct arena *a, const char *id)
{
        size_t n = (size_t)(strchr(id, ':') - id), m = strlen(id + n + 1);

        return arena_join(a, "usb:v", half(a, id, n, ""), "p", half(a, id + n + 1, m, ""), "d*|pci:v",
                          half(a, id, n, "0000"), "d", half(a, id + n + 1, m, "0000"), "sv*", NULL);
}

const char *tty_udev(struct arena *a, const struct rule *rule, bool *ret_whole)
{
        const struct words *ports = &rule->match[MATCH_PORT], *ids = &rule->match[MATCH_ID];
        const char *text = "", *list = "";

        *ret_whole = ids->n == 0 && rule->match[MATCH_PATH].n == 0 && rule->match[MATCH_SERIAL].n == 0;
        for (size_t i = 0; i < ports->n; i++)
                list = arena_join(a, list, i > 0 ? "|" : "", ports->v[i], NULL);
        if (*list && strlen(list) < BUS_UDEV_MAX)
                text = arena_join(a, "KERNEL", ports->negate ? "!=\"" : "==\"", list, "\", ", NULL);
        else
                *ret_whole &= !*list;
        list = "";
        for (size_t i = 0; i < ids->n && !ids->negate; i++)
                list = arena_join(a, list, i > 0 ? "|" : "", modaliases(a, ids->v[i]), NULL);
        if (*list && strlen(list) < BUS_UDEV_MAX)
                text = arena_join(a, text, "ATTRS{modalias}==\"", list, "\", ", NULL);
        else if (!*ret_whole)
                text = arena_join(a, text, "SUBSYSTEMS==\"usb|pci\", ", NULL);
        return text;
}
