/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What names USB devices so that it survives renumbering. Pure. */
#include "base/str.h"
#include "bus/usb/usb.h"
#include "facts/facts.h"
#include "facts/identity.h"

static void add_word(struct arena *a, struct strings *list, const char *word)
{
        if (str_index(word, list->v, list->n) < 0)
                strings_add(a, list, word);
}

static const char *line(struct arena *a, const char *key, const struct strings *words)
{
        const char *text = arena_join(a, key, "=", NULL);

        for (size_t i = 0; i < words->n; i++)
                text = arena_join(a, text, i > 0 ? " " : "", words->v[i], NULL);
        return arena_join(a, text, "\n", NULL);
}

/* By serial number a device is found in any socket; without one, or with one that a twin has, by its socket. */
void usb_propose(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                 const char **ret_why)
{
        struct strings ids = {}, paths = {}, serials = {};
        bool all_serials = true;

        *ret = *ret_why = NULL;
        for (size_t i = 0; i < n; i++) {
                const struct device *d = &facts->devices[devices[i]];
                const char *serial = identity_word(facts, d);

                if (!d->identified) {
                        *ret_why = arena_printf(a, "%s does not show its IDs", d->address);
                        return;
                }
                all_serials &= serial != NULL;
                add_word(a, &ids, d->id);
                add_word(a, &paths, d->path);
                if (serial)
                        add_word(a, &serials, serial);
        }
        *ret = arena_join(a, line(a, "ID", &ids), all_serials ? line(a, "Serial", &serials) : line(a, "Path", &paths),
                          NULL);
}
