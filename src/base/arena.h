/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One lifetime for everything a run reads: config, facts and plan hand out memory that lives until arena_free().
 * No function returns NULL: out of memory ends the program, see base/memory.h.
 */

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/macro.h"

struct arena_chunk;

struct arena {
        struct arena_chunk *head;
};

/* Zeroed memory, aligned for any object. */
void *arena_alloc(struct arena *a, size_t size) _must_check_ _returns_nonnull_;
char *arena_strndup(struct arena *a, const char *s, size_t n) _must_check_ _returns_nonnull_;
char *arena_vprintf(struct arena *a, const char *format, va_list ap) _must_check_ _returns_nonnull_ _printf_(2, 0);
char *arena_printf(struct arena *a, const char *format, ...) _must_check_ _returns_nonnull_ _printf_(2, 3);

/* The strings up to NULL, one behind the other: where a format would be nothing but %s. */
char *arena_join(struct arena *a, const char *first, ...) _must_check_ _returns_nonnull_ __attribute__((sentinel));

static inline char *arena_strdup(struct arena *a, const char *s)
{
        return arena_strndup(a, s, strlen(s));
}

/*
 * Room for one more element at *array, which holds n of them, each of size bytes: its room follows from n, so
 * no capacity has to be kept. Returns the address of the new, zeroed element.
 */
void *arena_grow(struct arena *a, void *array, size_t n, size_t size) _must_check_ _returns_nonnull_;

/* Frees everything; the arena is empty and usable again. */
void arena_free(struct arena *a);
