/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/claim.h"

#include <string.h>

#include "base/str.h"

const char *claim_entry(const struct root *root, struct arena *a, const char *id)
{
        char *text;
        size_t size;

        return root_look(root, a, arena_join(a, "/run/udev/data/", id, NULL), &text, &size) == SOURCE_READ ? text
                                                                                                           : NULL;
}

const char *claim_property(struct arena *a, const char *entry, const char *name)
{
        const char *line = arena_join(a, "E:", name, "=", NULL);

        for (const char *at = entry; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
                const char *value = startswith(at, line) ? at + strlen(line) : NULL;

                if (value && strcspn(value, "\n") > 0)
                        return str_printable(a, arena_strndup(a, value, strcspn(value, "\n")));
        }
        return NULL;
}
