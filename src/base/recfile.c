/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/recfile.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define END RECFILE_END

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
uint64_t recfile_sum(const char *text, const char *end)
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
                if (*line && !(r->format->appended && streq(line, &RECFILE_MORE[1])) && !get_line(r, line))
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
                    strtoull(end + strlen(END), NULL, 16) == recfile_sum(part, end)) {
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
        if (r.sum && strtoull(r.sum + strlen(END " "), NULL, 16) != recfile_sum(r.at, r.sum))
                r.sum = NULL;
        if (strlen(r.at) == size && parse_all(&r))
                return 0;
        memset(ret, 0, format->size);
        return RECFILE_MALFORMED;
}

void recfile_seal(char *text, size_t size)
{
        char *last = last_line(text, size), sum[17];

        if (!last || strspn(last + strlen(END " "), "0123456789abcdef") != 16)
                return;
        snprintf(sum, sizeof(sum), "%016" PRIx64, recfile_sum(text, last));
        memcpy(last + strlen(END " "), sum, 16);
}
