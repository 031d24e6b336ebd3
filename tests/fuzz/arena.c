/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/arena.h for fuzzing: every object is exactly as large as it was asked for, with poison around it, and poison
 * again where an array grew out of it, and once the arena is freed. So AddressSanitizer sees what the real arena's
 * chunks would hide, and an object does not cost an allocation.
 */
#include "base/arena.h"

#include "base/memory.h"

#include <sanitizer/asan_interface.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_SIZE ((size_t)64 * 1024)
#define ALIGNMENT  ((size_t)16)
#define POISON     ((size_t)16) /* between two objects, at least */

struct arena_chunk {
        struct arena_chunk *next;
        size_t used, size;
        _Alignas(16) char data[];
};

static struct arena_chunk *spare; /* one that was freed, all poison, for the next arena */

static struct arena_chunk *chunk_new(size_t size)
{
        struct arena_chunk *c = spare;

        if (c && c->size >= size) {
                spare = NULL;
                c->used = POISON;
                return c;
        }
        size = MAX(size, CHUNK_SIZE);
        c = malloc(sizeof(*c) + size);
        if (!c)
                out_of_memory();
        c->size = size;
        c->used = POISON;
        ASAN_POISON_MEMORY_REGION(c->data, size);
        return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
        struct arena_chunk *c = a->head;
        size_t room;
        char *p;

        if (size > SIZE_MAX / 2)
                out_of_memory();
        size = MAX(size, (size_t)1);
        room = ((size + ALIGNMENT - 1) & ~(ALIGNMENT - 1)) + POISON;
        if (!c || c->size - c->used < room) {
                c = chunk_new(POISON + room);
                if (!c)
                        out_of_memory();
                c->next = a->head;
                a->head = c;
        }
        p = c->data + c->used;
        c->used += room;
        ASAN_UNPOISON_MEMORY_REGION(p, size);
        return memset(p, 0, size);
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

void *arena_grow(struct arena *a, void *array, size_t n, size_t size)
{
        char *old, *p;

        memcpy(&old, array, sizeof(old));
        if (n >= SIZE_MAX / 2 / size || !(p = arena_alloc(a, (n + 1) * size)))
                out_of_memory();
        if (n > 0) {
                memcpy(p, old, n * size);
                ASAN_POISON_MEMORY_REGION(old, n * size);
        }
        memcpy(array, &p, sizeof(p));
        return p + n * size;
}

void arena_free(struct arena *a)
{
        while (a->head) {
                struct arena_chunk *c = a->head;

                a->head = c->next;
                ASAN_POISON_MEMORY_REGION(c->data, c->used);
                if (!spare && c->size == CHUNK_SIZE)
                        spare = c;
                else
                        free(c);
        }
}
