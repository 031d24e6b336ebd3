/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The parts that all files of sections and keys have in common: the key table, and the message for an unknown key. */

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"

#define SHOWN 80 /* of a value or a name that is quoted in a message */

struct key_name {
        const char *section, *name;
        bool repeats;
        const char *right; /* what would be right, for messages */
};

struct key_table {
        const void *keys;     /* each begins with a struct key_name */
        size_t key_size, n;   /* at most 64 */
        const char *sections; /* "[Match] or [Device]" */
        const char *page;     /* of the manual */
};

/* The place of a line. */
struct key_place {
        struct diags *diags;
        const char *file;
        unsigned line;
};

/* Its position in the table; false where it is none, which is said, unless the section is none, either. */
bool key_find(const struct key_table *table, const struct key_place *place, const char *section, const char *name,
              size_t *ret) _must_check_;
/* True if the key is there for the first time or may repeat, which *seen keeps, a bit each; else that is said. */
bool key_once(const struct key_table *table, const struct key_place *place, size_t i, uint64_t *seen) _must_check_;
/* Says what would be right. */
void key_invalid(const struct key_place *place, const char *name, const char *value, const char *right);
