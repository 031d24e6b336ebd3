/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

/* Mapped, such memory is zero without being written, and not there before it is used. */
#define CHUNK_SIZE ((size_t)256 * 1024)
/* What a boot with some dozens of functions takes of it. */
#define CHUNK_BEGIN ((size_t)128 * 1024)
#define ALIGNMENT   ((size_t)16)
/* Elements of an array that grows: most have a few, and each move leaves the old room behind. */
#define FIRST_ROOM ((size_t)8)

struct arena_chunk {
        struct arena_chunk *next;
        size_t used, size;
        _Alignas(16) char data[];
};

/*
 * The first pages of a chunk at once: a fault for each costs several times what the page does. Where the kernel cannot
 * (before Linux 5.14), they come one by one.
 */
static void populate(struct arena_chunk *c)
{
        (void)!madvise(c, CHUNK_BEGIN, MADV_POPULATE_WRITE);
}

void *arena_alloc(struct arena *a, size_t size)
{
        struct arena_chunk *c = a->head;
        void *p;

        if (size > SIZE_MAX / 2)
                out_of_memory();
        size = (MAX(size, (size_t)1) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);

        if (!c || c->size - c->used < size) {
                size_t room = MAX(size, CHUNK_SIZE);

                c = mmap(NULL, sizeof(*c) + room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (c == MAP_FAILED)
                        out_of_memory();
                c->size = room;
                c->next = a->head;
                if (!a->head)
                        populate(c);
                a->head = c;
        }

        p = c->data + c->used;
        c->used += size;
        return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
        char *p = arena_alloc(a, n + 1);

        return memcpy(p, s, n);
}

char *arena_vprintf(struct arena *a, const char *format, va_list ap)
{
        char small[256], *p;
        va_list again;
        int n;

        va_copy(again, ap);
        n = vsnprintf(small, sizeof(small), format, ap);
        if (n < 0)
                out_of_memory(); /* more than INT_MAX bytes, or a "%ls" that is none */
        if ((size_t)n < sizeof(small)) {
                p = arena_strndup(a, small, (size_t)n);
        } else {
                p = arena_alloc(a, (size_t)n + 1);
                vsnprintf(p, (size_t)n + 1, format, again);
        }
        va_end(again);
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
        size_t lengths[8], size = 0, n = 0;
        va_list ap;
        char *p, *end;

        va_start(ap, first);
        for (const char *s = first; s; s = va_arg(ap, const char *), n++) {
                size_t length = strlen(s);

                if (n < ARRAY_SIZE(lengths))
                        lengths[n] = length;
                size += length;
        }
        va_end(ap);
        p = end = arena_alloc(a, size + 1);
        n = 0;
        va_start(ap, first);
        for (const char *s = first; s; s = va_arg(ap, const char *), n++)
                end = mempcpy(end, s, n < ARRAY_SIZE(lengths) ? lengths[n] : strlen(s));
        va_end(ap);
        return p;
}

void *arena_grow(struct arena *a, void *array, size_t n, size_t size)
{
        char *old, *p;

        memcpy(&old, array, sizeof(old)); /* array is the address of some T * */
        if (n == 0 || (n >= FIRST_ROOM && (n & (n - 1)) == 0)) {
                size_t room = n ? n * 2 : FIRST_ROOM;

                if (room > SIZE_MAX / 2 / size)
                        out_of_memory();
                p = arena_alloc(a, room * size);
                if (n)
                        memcpy(p, old, n * size);
                memcpy(array, &p, sizeof(p));
                old = p;
        }
        return old + n * size;
}

void arena_free(struct arena *a)
{
        while (a->head) {
                struct arena_chunk *next = a->head->next;

                munmap(a->head, sizeof(*a->head) + a->head->size);
                a->head = next;
        }
}
