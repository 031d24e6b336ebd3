/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of a record, as text. */
#include <stdlib.h>

#include "base/recfile.h"
#include "base/str.h"

struct writer {
        const struct recfile *format;
        struct arena *arena;
        char *at;
        size_t n, room;
};

/* What a boot with some dozens of functions takes. */
#define ROOM ((size_t)16 * 1024)
/* More than a line has in characters that stand alone: separators, letters of bits, its end. */
#define SINGLE 256

/* Room for so many bytes more, and behind them for SINGLE characters. */
static char *room(struct writer *w, size_t n)
{
        n += SINGLE;
        if (w->n + n > w->room) {
                char *at;

                w->room = MAX(w->n + n, 2 * w->room) + ROOM;
                at = arena_alloc(w->arena, w->room);
                if (w->n > 0)
                        memcpy(at, w->at, w->n);
                w->at = at;
        }
        return w->at + w->n;
}

static void put_bytes(struct writer *w, const char *s, size_t n)
{
        memcpy(room(w, n), s, n);
        w->n += n;
}

/* At most SINGLE of them behind one another. */
static void put_char(struct writer *w, char c)
{
        w->at[w->n++] = c;
}

#define ONES UINT64_C(0x0101010101010101)

/* Where the highest bit of a byte is set, that may be a tab, a newline or a backslash; where none is, there is none. */
static uint64_t special(const char *s)
{
        uint64_t word, other;

        memcpy(&word, s, 8);
        other = word ^ (ONES * '\\');
        return ((word - ONES * ('\n' + 1)) & ~word) | ((other - ONES) & ~other);
}

/* Eight bytes at a time, the last eight twice: strcspn(3) goes byte by byte where the processor is plain. */
static bool is_plain(const char *s, size_t n)
{
        uint64_t found = 0;

        for (; n < 8 && *s; s++)
                if (*s == '\t' || *s == '\n' || *s == '\\')
                        return false;
        if (n < 8)
                return true;
        for (size_t i = 0; i + 8 < n; i += 8)
                found |= special(s + i);
        return ((found | special(s + n - 8)) & (ONES << 7)) == 0;
}

static void put_text(struct writer *w, const char *s)
{
        size_t n = strlen(s);
        char *out;

        if (n == 0)
                return;
        if (!w->format->escaped || is_plain(s, n)) {
                put_bytes(w, s, n);
                return;
        }
        for (out = room(w, 2 * n); *s; s++) {
                char escape = *s == '\t' ? 't' : *s == '\n' ? 'n' : *s == '\\' ? '\\' : '\0';

                if (escape)
                        *out++ = '\\';
                *out++ = escape ? escape : *s;
        }
        w->n = (size_t)(out - w->at);
}

static void put_number(struct writer *w, uint64_t number, unsigned base, int digits)
{
        char text[24], *at = text + sizeof(text);

        do
                *--at = "0123456789abcdef"[number % base];
        while ((number /= base) > 0 || text + sizeof(text) - at < digits);
        put_bytes(w, at, (size_t)(text + sizeof(text) - at));
}

static void put_words(struct writer *w, const char *const *words, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        put_bytes(w, " ", 1);
                put_text(w, words[i]);
        }
}

static void put(struct writer *w, const struct field *f, const char *data)
{
        const void *at = data + f->at;
        const char *text;

        switch ((enum field_type)f->type) {
        case FIELD_TEXT:
                text = *(const char *const *)at;
                put_text(w, text ? text : f->names ? f->names[0] : "");
                break;
        case FIELD_WORD:
                text = f->names[*(const int *)at];
                put_bytes(w, text, strlen(text));
                break;
        case FIELD_BITS:
                for (unsigned bits = *(const unsigned *)at, i = 0; bits; bits >>= 1, i++)
                        if (bits & 1)
                                put_char(w, f->names[0][i]);
                break;
        case FIELD_FLAG:
                put_text(w, f->names[!*(const bool *)at]);
                break;
        case FIELD_WORDS:
                put_words(w, *(const char *const *const *)at, *(const size_t *)((const char *const *)at + 1));
                break;
        case FIELD_ADDED: /* data is the word */
                put_text(w, data);
                break;
        case FIELD_U32:
                put_number(w, *(const uint32_t *)at, 10, 1);
                break;
        case FIELD_INT:
                if (*(const int *)at < 0)
                        put_char(w, '-');
                put_number(w, (uint64_t)llabs(*(const int *)at), 10, 1);
                break;
        case FIELD_U64:
                put_number(w, *(const uint64_t *)at, 10, 1);
                break;
        case FIELD_HEX:
                put_number(w, *(const uint64_t *)at, 16, 16);
                break;
        case FIELD_BYTES:
                put_number(w, *(const size_t *)((const char *const *)at + 1), 10, 1);
                break;
        }
}

static bool is_added(const struct record_type *t)
{
        return t->inner || (t->n > 0 && t->fields->type == FIELD_ADDED);
}

/* How many fields are written: files of earlier versions have not all, and those that say nothing are not needed. */
static uint8_t n_fields(const struct record_type *t, const char *data)
{
        uint8_t n = t->n;

        for (; n + t->n_late > t->n; n--) {
                const void *at = data + t->fields[n - 1].at;
                enum field_type type = t->fields[n - 1].type;

                if (type == FIELD_INT ? *(const int *)at != 0
                    : type == FIELD_WORDS
                            ? *(const size_t *)((const char *const *)at + 1) > 0
                            : type != FIELD_TEXT || (*(const char *const *)at && **(const char *const *)at))
                        break;
        }
        return n;
}

static void put_line(struct writer *w, const struct record_type *t, const char *data)
{
        uint8_t n = n_fields(t, data);

        put_bytes(w, t->key, strlen(t->key));
        for (uint8_t i = 0; i < n; i++) {
                if (i > 0 || *t->key)
                        put_char(w, w->format->separator);
                put(w, &t->fields[i], data);
        }
        put_char(w, '\n');
        if (t->n > 0 && t->fields->type == FIELD_BYTES) {
                const char *const *at = (const char *const *)(data + t->fields->at);

                put_bytes(w, *at, *(const size_t *)(at + 1));
                put_char(w, '\n');
        }
}

static void put_added(struct writer *w, const struct record_type *t, const char *element)
{
        const struct strings *words = (const void *)(element + t->fields->at);
        const char *const *list = (const void *)(element + t->within);

        if (t->inner)
                for (size_t i = 0; i < *(const size_t *)(list + 1); i++)
                        put_line(w, t, *list + i * t->inner);
        else
                for (size_t i = 0; i < words->n; i++)
                        put_line(w, t, words->v[i]);
}

/* Elements of a list, each with the lines that add to it; or the one line. */
static void put_type(struct writer *w, const struct record_type *t, const char *data)
{
        const struct record_type *end = w->format->types + w->format->n_types;
        const char *list = t->element ? *(const char *const *)(data + t->list) : data;
        size_t n = t->element ? *(const size_t *)(data + t->list + sizeof(void *)) : 1;

        if (t->flagged && !*(const bool *)(data + t->flag))
                return;
        if (!t->element && t->n > 0 && t->fields->type == FIELD_TEXT && !*(const char *const *)(data + t->fields->at))
                return;
        for (size_t i = 0; i < n; i++) {
                put_line(w, t, list + i * t->element);
                for (const struct record_type *more = t + 1; more < end && is_added(more); more++)
                        put_added(w, more, list + i * t->element);
        }
}

char *recfile_format(struct arena *a, const struct recfile *format, const void *data, size_t *ret_size)
{
        struct writer w = {.format = format, .arena = a};

        put_bytes(&w, format->first, strlen(format->first));
        put_char(&w, '\n');
        for (uint8_t i = 0; i < format->n_types; i++)
                if (!is_added(&format->types[i]))
                        put_type(&w, &format->types[i], data);
        put_bytes(&w, RECFILE_END " ", strlen(RECFILE_END " "));
        put_number(&w, recfile_sum(w.at, w.at + w.n - strlen(RECFILE_END " ")), 16, 16);
        put_bytes(&w, "\n", 2);
        *ret_size = w.n - 1;
        return w.at;
}

int recfile_write(const struct root *root, struct arena *a, const struct recfile *format, const char *path,
                  const void *data)
{
        size_t size;
        const char *text = recfile_format(a, format, data, &size);

        return root_replace(root, path, text, size);
}

int recfile_write_open(const struct root *root, struct arena *a, const struct recfile *format, const char *path,
                       const void *data, int *ret)
{
        size_t size;
        const char *text = recfile_format(a, format, data, &size);

        return root_replace_open(root, path, text, size, ret);
}

/* What is written in part is no whole part, and so is nothing. */
int recfile_append(int fd, struct arena *a, const struct recfile *format, const void *data)
{
        size_t size;
        const char *text = recfile_format(a, format, data, &size);

        return fd_write(fd, text, size);
}
