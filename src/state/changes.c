/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/changes.h"

#include "base/str.h"

const struct change *changes_find(const struct changes *changes, const char *path)
{
        for (size_t i = 0; i < changes->n; i++)
                if (streq(changes->v[i].path, path))
                        return &changes->v[i];
        return NULL;
}

void changes_add(struct changes *changes, struct arena *a, struct change change)
{
        struct change *slot = arena_grow(a, &changes->v, changes->n, sizeof(*slot));

        *slot = change;
        changes->n++;
}

const char *change_data(const struct change *change, size_t *ret_size)
{
        const char *data = change->packed ? change->data : change->new;

        *ret_size = change->packed ? change->size : data ? strlen(data) : 0;
        return data;
}
