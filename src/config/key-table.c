/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/key-table.h"

#include "base/str.h"

#define KEYS_MAX 64

static const struct key_name *key_at(const struct key_table *t, size_t i)
{
        return (const struct key_name *)((const char *)t->keys + i * t->key_size);
}

static void unknown(const struct key_table *t, const struct key_place *p, const char *section, const char *name)
{
        const char *here[KEYS_MAX], *elsewhere = NULL, *nearest;
        size_t n = 0;

        for (size_t i = 0; i < t->n; i++) {
                const struct key_name *key = key_at(t, i);

                if (streq(key->section, section))
                        here[n++] = key->name;
                else if (streq(key->name, name))
                        elsewhere = key->section;
        }
        if (n == 0)
                return; /* the section has been reported */
        if (elsewhere) {
                diag_add(p->diags, DIAG_ERROR, p->file, p->line, "key \"%s\" does not belong in [%s]; move it to [%s]",
                         name, section, elsewhere);
                return;
        }
        nearest = str_nearest(name, here, n);
        if (nearest) {
                diag_add(p->diags, DIAG_ERROR, p->file, p->line, "unknown key \"%.*s\" in [%s]; did you mean \"%s\"?",
                         SHOWN, name, section, nearest);
                return;
        }
        diag_add(p->diags, DIAG_ERROR, p->file, p->line, "unknown key \"%.*s\" in [%s]; %s lists the keys there are",
                 SHOWN, name, section, t->page);
}

bool key_find(const struct key_table *t, const struct key_place *p, const char *section, const char *name, size_t *ret)
{
        if (!section) {
                diag_add(p->diags, DIAG_ERROR, p->file, p->line,
                         "\"%.*s=\" stands before any section; write %s above it", SHOWN, name, t->sections);
                return false;
        }
        for (size_t i = 0; i < t->n; i++)
                if (streq(key_at(t, i)->section, section) && streq(key_at(t, i)->name, name)) {
                        *ret = i;
                        return true;
                }
        unknown(t, p, section, name);
        return false;
}

bool key_once(const struct key_table *t, const struct key_place *p, size_t i, uint64_t *seen)
{
        uint64_t bit = UINT64_C(1) << i;

        if (!key_at(t, i)->repeats && *seen & bit) {
                diag_add(p->diags, DIAG_ERROR, p->file, p->line, "%s= cannot repeat; keep one of the lines",
                         key_at(t, i)->name);
                return false;
        }
        *seen |= bit;
        return true;
}

void key_invalid(const struct key_place *p, const char *name, const char *value, const char *right)
{
        diag_add(p->diags, DIAG_ERROR, p->file, p->line, "%s=%.*s: not valid; write %s", name, SHOWN, value, right);
}
