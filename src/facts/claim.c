/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/claim.h"

#include <string.h>

#include "base/str.h"

static void read_property(struct arena *a, const char *line, const char *name, const char **ret)
{
        if (startswith(line, "E:") && startswith(line + 2, name) && line[2 + strlen(name)] == '=' &&
            line[3 + strlen(name)])
                *ret = str_printable(a, line + 3 + strlen(name));
}

void claim_read(const struct root *root, struct arena *a, struct device *d)
{
        char numbers[32], *text, *line;
        size_t size;

        if (root_read(root, arena_join(a, d->sysfs, "/dev", NULL), numbers, sizeof(numbers)) <= 0)
                return;
        if (root_look(root, a, arena_join(a, "/run/udev/data/c", numbers, NULL), &text, &size) != SOURCE_READ)
                return;
        while ((line = strsep(&text, "\n"))) {
                read_property(a, line, CLAIM_RULE, &d->claim);
                read_property(a, line, CLAIM_FROM, &d->claim_from);
        }
}
