/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/claim.h"

#include <ctype.h>
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

static const char *hex(const char *number)
{
        return startswith(number, "0x") ? number + 2 : number;
}

/* As udev has texts: it puts "_" for what is no letter or digit, or leaves it out. */
static bool is_same_text(const char *a, const char *b)
{
        for (;; a++, b++) {
                while (*a && !isalnum((unsigned char)*a))
                        a++;
                while (*b && !isalnum((unsigned char)*b))
                        b++;
                if (*a != *b || !*a)
                        return *a == *b;
        }
}

/* Its builtin usb_id writes no other down (src/udev/udev-builtin-usb_id.c); "?" may stand for what cannot be printed.
 */
static bool is_written_down(const char *serial)
{
        bool any = false;

        for (const char *c = serial; *c; c++) {
                if ((unsigned char)*c > 0x7f || *c == ',' || *c == '?')
                        return false;
                any |= isalnum((unsigned char)*c);
        }
        return any;
}

bool claim_is_of_another(struct arena *a, const char *entry, const char *id, const char *serial)
{
        const char *vendor = claim_property(a, entry, "ID_VENDOR_ID"), *model = claim_property(a, entry, "ID_MODEL_ID");
        const char *known = claim_property(a, entry, "ID_SERIAL_SHORT");

        if (vendor && model && !streq(arena_join(a, hex(vendor), ":", hex(model), NULL), id))
                return true;
        if (!streq_ptr(claim_property(a, entry, "ID_BUS"), "usb"))
                return false;
        return known && serial ? !is_same_text(known, serial) : known || (serial && is_written_down(serial));
}
