/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shapes that the product does not judge as the documents ask: one that it does is to leave this table. */
#include <string.h>

#include "shapes.h"

static const struct {
        const char *name, *why;
} known[] = {
        {"an idle volume of an active group, by its label",
         "a physical volume's label is not read: a guest's volume stays as well"},
        {"root in memory", "a root in memory refuses all storage"},
        {"root of a live medium, by the command line alone", "a root in memory refuses all storage"},
};

const char *known_shape(const char *name)
{
        for (size_t i = 0; i < COUNT(known); i++)
                if (strcmp(known[i].name, name) == 0)
                        return known[i].why;
        return NULL;
}
