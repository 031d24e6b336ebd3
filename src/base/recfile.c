/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/recfile.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define END "end"

/* ---- reading -------------------------------------------------------------------------------------------------------
 */

struct reader {
        const struct recfile *format;
        struct arena *arena;
        char *at, *end;  /* what is not read yet */
        const char *sum; /* the last line, if it has the right checksum */
        char *data;
};

static void unescape(char *s)
{
        char *out = strchrnul(s, '\\');

        for (s = out; *s; s++) {
                if (*s == '\\' && s[1]) {
                        s++;
                        *out++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
                } else
                        *out++ = *s;
        }
        *out = '\0';
}

/* But for tabs and newlines, which texts of files have. */
static void make_printable(char *s)
{
        for (size_t n; *s; s += n + (s[n] != '\0')) {
                char end;

                n = strcspn(s, "\t\n");
                end = s[n];
                s[n] = '\0';
                str_make_printable(s);
                s[n] = end;
        }
}

static const char *get_text(const struct reader *r, const struct field *f, char *word)
{
        if (f->names && streq(word, f->names[0]))
                return NULL;
        if (r->format->escaped)
                unescape(word);
        if (r->format->printable)
                make_printable(word);
        return word;
}

static bool number_of(const char *word, int base, uint64_t *ret)
{
        char *end;

        errno = 0;
        *ret = strtoull(word, &end, base);
        return end > word && !*end && *word != '-' && errno == 0;
}

/* The bytes after the line. */
static bool get_bytes(struct reader *r, const char *word, const char **ret, size_t *ret_size)
{
        uint64_t size;

        if (!number_of(word, 10, &size) || size >= (size_t)(r->end - r->at) || r->at[size] != '\n')
                return false;
        *ret = r->at;
        *ret_size = size;
        r->at[size] = '\0';
        r->at += size + 1;
        return true;
}

static bool get_number(const struct field *f, const char *word, void *ret)
{
        bool negative = f->type == FIELD_INT && *word == '-';
        uint64_t number;

        if (!number_of(word + negative, f->type == FIELD_HEX ? 16 : 10, &number))
                return false;
        if (f->type == FIELD_U64 || f->type == FIELD_HEX)
                *(uint64_t *)ret = number;
        else
                *(uint32_t *)ret = (uint32_t)(negative ? -number : number);
        return f->type != FIELD_U32 || number <= UINT32_MAX;
}

static bool get_bits(const char *letters, const char *word, unsigned *ret)
{
        for (*ret = 0; *word; word++) {
                const char *letter = strchr(letters, *word);

                if (!letter)
                        return false;
                *ret |= 1U << (letter - letters);
        }
        return true;
}

static bool get(struct reader *r, const struct field *f, char *word, char *data)
{
        void *at = data + f->at;
        size_t *n = (size_t *)((char **)at + 1);

        switch ((enum field_type)f->type) {
        case FIELD_TEXT:
                *(const char **)at = get_text(r, f, word);
                return true;
        case FIELD_WORD:
                return (*(int *)at = str_index(word, f->names, f->n_names)) >= 0;
        case FIELD_BITS:
                return get_bits(f->names[0], word, at);
        case FIELD_FLAG:
                *(bool *)at = streq(word, f->names[0]);
                return true;
        case FIELD_WORDS:
                str_words(r->arena, get_text(r, f, word), at, n);
                return true;
        case FIELD_ADDED:
                str_add(r->arena, at, n, get_text(r, f, word));
                return true;
        case FIELD_BYTES:
                return get_bytes(r, word, at, n);
        default:
                return get_number(f, word, at);
        }
}

/* Where the fields of such a line go; NULL: the line adds to an element, and there is none. */
static char *place(struct reader *r, const struct record_type *t)
{
        size_t *n = (size_t *)(r->data + t->list + sizeof(void *));
        char *last;

        if (t->flagged)
                *(bool *)(r->data + t->flag) = true;
        if (!t->element)
                return r->data;
        if (t->fields->type != FIELD_ADDED && !t->inner)
                return arena_grow(r->arena, r->data + t->list, (*n)++, t->element);
        if (*n == 0)
                return NULL;
        last = *(char **)(r->data + t->list) + (*n - 1) * t->element;
        if (!t->inner)
                return last;
        n = (size_t *)(last + t->within + sizeof(void *));
        return arena_grow(r->arena, last + t->within, (*n)++, t->inner);
}

static bool get_fields(struct reader *r, const struct record_type *t, char *rest)
{
        const char separator[] = {r->format->separator, '\0'};
        char *data = place(r, t);

        if (!data)
                return false;
        for (uint8_t i = 0; i < t->n; i++) {
                char *word = rest;

                if (!word)
                        return i + t->n_late >= t->n;
                rest = i + 1 < t->n ? strchr(word, *separator) : NULL;
                if (rest)
                        *rest++ = '\0';
                if (!get(r, &t->fields[i], word, data))
                        return false;
        }
        return !rest;
}

static bool get_line(struct reader *r, char *line)
{
        const struct recfile *f = r->format;

        for (uint8_t i = 0; i < f->n_types; i++) {
                const struct record_type *t = &f->types[i];
                size_t n = strlen(t->key);

                if (n == 0)
                        return get_fields(r, t, line);
                if (strncmp(line, t->key, n) == 0 && (!line[n] || line[n] == f->separator))
                        return get_fields(r, t, line[n] ? line + n + 1 : NULL);
        }
        return f->partial;
}

/* The next line, or NULL. */
static char *next(struct reader *r)
{
        char *line = r->at, *end;

        if (line == r->end)
                return NULL;
        end = memchr(line, '\n', (size_t)(r->end - line));
        r->at = end ? end + 1 : r->end;
        end = end ? end : r->end;
        *end = '\0';
        return line;
}

/* The last line of a text, where that is a checksum; NULL: there is none. */
static char *last_line(char *text, size_t size)
{
        char *last = memrchr(text, '\n', size > 0 && text[size - 1] == '\n' ? size - 1 : size);

        return last && startswith(last + 1, END " ") ? last + 1 : NULL;
}

/* Likewise of the first part, the only one that every text has. */
static char *first_end(char *text)
{
        char *end = strstr(text, "\n" END " ");

        return end ? end + 1 : NULL;
}

/* As str_hash(), eight bytes at a time: of any two texts that differ in eight such bytes alone the sums differ. */
static uint64_t checksum(const char *text, const char *end)
{
        uint64_t sum = STR_HASH_START, word;

        for (; end - text >= 8; text += 8) {
                memcpy(&word, text, 8);
                sum = (sum ^ le64toh(word)) * UINT64_C(0x100000001b3);
        }
        return str_hash(sum, text, (size_t)(end - text));
}

/* The lines up to the end; false where one of them means nothing. */
static bool parse(struct reader *r, bool *ret_ended)
{
        char *line;

        *ret_ended = false;
        while ((line = next(r))) {
                *ret_ended = streq(line, END) || line == r->sum;
                if (*ret_ended)
                        return true;
                if (*line && !(r->format->appended && streq(line, RECFILE_MORE + 1)) && !get_line(r, line))
                        return false;
        }
        return true;
}

/* On to the next part that is whole. What is between parts was cut short, and is nothing. */
static bool next_part(struct reader *r)
{
        char *part = r->at, *end;

        while ((part = strstr(part, RECFILE_MORE "\n"))) {
                end = strstr(part, "\n" END);
                if (!end)
                        return false;
                end++;
                if (!end[strlen(END)] || end[strlen(END)] == '\n' ||
                    strtoull(end + strlen(END), NULL, 16) == checksum(part, end)) {
                        r->at = part + strlen(RECFILE_MORE "\n");
                        r->sum = end;
                        return true;
                }
                part++;
        }
        return false;
}

static bool parse_all(struct reader *r)
{
        char *line = next(r);
        bool ended;

        if (!line || !streq(line, r->format->first) || !parse(r, &ended) || (!ended && r->format->ended))
                return false;
        while (r->format->appended && next_part(r))
                if (!parse(r, &ended))
                        return false;
        return true;
}

int recfile_read(const struct root *root, struct arena *a, const struct recfile *format, const char *path, void *ret)
{
        struct reader r = {.format = format, .arena = a, .data = ret};
        size_t size;
        int k = root_read_all(root, a, path, format->max, &r.at, &size);

        memset(ret, 0, format->size);
        if (k < 0)
                return k == -ENOENT ? RECFILE_ABSENT : k;
        r.end = r.at + size;
        r.sum = format->appended ? first_end(r.at) : last_line(r.at, size);
        if (r.sum && strtoull(r.sum + strlen(END " "), NULL, 16) != checksum(r.at, r.sum))
                r.sum = NULL;
        if (strlen(r.at) == size && parse_all(&r))
                return 0;
        memset(ret, 0, format->size);
        return RECFILE_MALFORMED;
}

/* ---- writing -------------------------------------------------------------------------------------------------------
 */

struct writer {
        const struct recfile *format;
        struct arena *arena;
        char *at;
        size_t n, room;
};

/* What a boot with some dozens of functions takes. */
#define ROOM ((size_t)16 * 1024)

/* Room for so many bytes more. */
static char *room(struct writer *w, size_t n)
{
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

static void put_char(struct writer *w, char c)
{
        *room(w, 1) = c;
        w->n++;
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
                        put_char(w, ' ');
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

        for (; n + t->n_late > t->n && t->fields[n - 1].type == FIELD_TEXT; n--) {
                const char *text = *(const char *const *)(data + t->fields[n - 1].at);

                if (text && *text)
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
        put_bytes(&w, END " ", strlen(END " "));
        put_number(&w, checksum(w.at, w.at + w.n - strlen(END " ")), 16, 16);
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

void recfile_seal(char *text, size_t size)
{
        char *last = last_line(text, size), sum[17];

        if (!last || strspn(last + strlen(END " "), "0123456789abcdef") != 16)
                return;
        snprintf(sum, sizeof(sum), "%016" PRIx64, checksum(text, last));
        memcpy(last + strlen(END " "), sum, 16);
}
