/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/arena.h for fuzzing: every object is an allocation of its own and exactly as large as it was asked for, and an
 * array that grew is freed where it was. So AddressSanitizer sees what the real arena's chunks would hide.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_chunk {
        struct arena_chunk *next;
        void *data;
};

void *arena_alloc(struct arena *a, size_t size)
{
        struct arena_chunk *c;
        void *p;

        if (size > SIZE_MAX / 2)
                return NULL;
        c = malloc(sizeof(*c));
        p = calloc(1, size ? size : 1);
        if (!c || !p) {
                free(c);
                free(p);
                return NULL;
        }
        *c = (struct arena_chunk){.next = a->head, .data = p};
        a->head = c;
        return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
        char *p = arena_alloc(a, n + 1);

        if (p)
                memcpy(p, s, n);
        return p;
}

char *arena_vprintf(struct arena *a, const char *format, va_list ap)
{
        char *text = NULL, *p = NULL;
        int n = vasprintf(&text, format, ap);

        if (n >= 0) {
                p = arena_strndup(a, text, (size_t)n);
                free(text);
        }
        return p;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
        va_list ap;
        char *p;

        va_start(ap, format);
        p = arena_vprintf(a, format, ap);
        va_end(ap);
        return p;
}

char *arena_join(struct arena *a, const char *first, ...)
{
        char *p = arena_printf(a, "%s", first);
        va_list ap;

        va_start(ap, first);
        for (const char *s; p && (s = va_arg(ap, const char *));)
                p = arena_printf(a, "%s%s", p, s);
        va_end(ap);
        return p;
}

static void forget(struct arena *a, void *data)
{
        for (struct arena_chunk **at = &a->head; *at; at = &(*at)->next)
                if ((*at)->data == data) {
                        struct arena_chunk *c = *at;

                        *at = c->next;
                        free(c->data);
                        free(c);
                        return;
                }
}

void *arena_grow(struct arena *a, void *array, size_t n, size_t size)
{
        char *old, *p;

        memcpy(&old, array, sizeof(old));
        if (n >= SIZE_MAX / 2 / size || !(p = arena_alloc(a, (n + 1) * size)))
                return NULL;
        if (n > 0) {
                memcpy(p, old, n * size);
                forget(a, old);
        }
        memcpy(array, &p, sizeof(p));
        return p + n * size;
}

void arena_free(struct arena *a)
{
        while (a->head) {
                struct arena_chunk *next = a->head->next;

                free(a->head->data);
                free(a->head);
                a->head = next;
        }
}
