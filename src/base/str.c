/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#define BLANKS " \t\r\n\f\v"

char *str_trim(char *s)
{
        size_t n;

        s += strspn(s, BLANKS);
        n = strlen(s);
        while (n > 0 && strchr(BLANKS, s[n - 1]))
                s[--n] = '\0';
        return s;
}

const char *str_basename(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void str_lower(char *s)
{
        for (; *s; s++)
                *s = lower(*s);
}

/* The bytes of the UTF-8 sequence at s (RFC 3629), or 0. */
static size_t utf8_length(const unsigned char *s)
{
        size_t n = *s < 0x80                 ? 1
                   : *s >= 0xc2 && *s < 0xe0 ? 2
                   : *s >= 0xe0 && *s < 0xf0 ? 3
                   : *s >= 0xf0 && *s < 0xf5 ? 4
                                             : 0;

        for (size_t i = 1; i < n; i++)
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
        if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) || (*s == 0xf0 && s[1] < 0x90) ||
            (*s == 0xf4 && s[1] > 0x8f))
                return 0; /* longer than needed, a surrogate, or beyond Unicode */
        return n;
}

struct range {
        uint32_t first, last;
};

static const struct range controls[] = {
        {0x00, 0x1f}, /* C0 */
        {0x7f, 0x9f}, /* C1: terminals take U+009B for what ESC [ is */
};

/* What hides or reorders the text around it (Unicode's category Cf). */
static const struct range orders[] = {
        {0x061c, 0x061c}, {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

static bool is_one(const unsigned char *s, size_t length, const struct range *ranges, size_t n)
{
        uint32_t c = length == 1 ? *s : *s & (0x7fU >> length);

        for (size_t i = 1; i < length; i++)
                c = c << 6 | (s[i] & 0x3f);
        for (size_t i = 0; i < n; i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

static void make_printable(char *s, size_t n_orders)
{
        while (*s) {
                const unsigned char *c = (unsigned char *)s;
                size_t n = utf8_length(c);

                if (n == 0 || is_one(c, n, controls, ARRAY_SIZE(controls)) || is_one(c, n, orders, n_orders)) {
                        n = MAX(n, 1U);
                        memset(s, '?', n);
                }
                s += n;
        }
}

void str_make_printable(char *s)
{
        make_printable(s, ARRAY_SIZE(orders));
}

void str_without_controls(char *s)
{
        make_printable(s, 0);
}

char *str_printable(struct arena *a, const char *s)
{
        char *copy = arena_strdup(a, s);

        str_make_printable(copy);
        return copy;
}

bool str_to_u32(const char *s, int base, uint32_t *ret)
{
        const char *digits = base == 16 ? "0123456789abcdefABCDEF" : base == 8 ? "01234567" : "0123456789";
        unsigned long long v;

        if (!*s || s[strspn(s, digits)])
                return false;
        errno = 0;
        v = strtoull(s, NULL, base);
        if (errno || v > UINT32_MAX)
                return false;
        *ret = (uint32_t)v;
        return true;
}

bool str_begins_uuid(const char *s)
{
        for (size_t i = 0; i < UUID_LENGTH; i++)
                if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
                        return false;
        return true;
}

bool str_is_uuid(const char *s)
{
        return str_begins_uuid(s) && !s[UUID_LENGTH];
}

bool str_to_bool(const char *s, bool *ret)
{
        static const char *const yes[] = {"1", "yes", "y", "true", "t", "on"};
        static const char *const no[] = {"0", "no", "n", "false", "f", "off"};

        for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
                if (strcasecmp(s, yes[i]) == 0 || strcasecmp(s, no[i]) == 0) {
                        *ret = strcasecmp(s, yes[i]) == 0;
                        return true;
                }
        return false;
}

void str_add(struct arena *a, const char ***list, size_t *n, const char *s)
{
        const char **slot = arena_grow(a, list, *n, sizeof(**list));

        *slot = s;
        ++*n;
}

void strings_append(struct arena *a, struct strings *list, const struct strings *more)
{
        for (size_t i = 0; i < more->n; i++)
                strings_add(a, list, more->v[i]);
}

char *strings_text(struct arena *a, const struct strings *list)
{
        size_t size = 1;
        char *text, *end;

        for (size_t i = 0; i < list->n; i++)
                size += strlen(list->v[i]);
        text = end = arena_alloc(a, size);
        for (size_t i = 0; i < list->n; i++)
                end = stpcpy(end, list->v[i]);
        return text;
}

static void split(struct arena *a, const char *s, bool quotes, const char ***ret, size_t *ret_n)
{
        const char **v = NULL;
        size_t n = 0;

        for (;;) {
                const char **slot;
                size_t len, quoted;

                s += strspn(s, BLANKS);
                quoted = quotes && *s == '"';
                s += quoted;
                len = strcspn(s, quoted ? "\"" : BLANKS);
                slot = arena_grow(a, &v, n, sizeof(*v));
                *slot = NULL;
                if (len == 0)
                        break;
                *slot = arena_strndup(a, s, len);
                n++;
                s += len;
                s += quoted && *s;
        }
        *ret = v;
        *ret_n = n;
}

void str_words(struct arena *a, const char *s, const char ***ret, size_t *ret_n)
{
        split(a, s, false, ret, ret_n);
}

void str_arguments(struct arena *a, const char *s, const char ***ret, size_t *ret_n)
{
        split(a, s, true, ret, ret_n);
}

int str_index(const char *s, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (streq(s, list[i]))
                        return (int)i;
        return -1;
}

#define NEAREST_MAX 64

/* The letters of s, several of them to a bit. */
static uint64_t letters_of(const char *s)
{
        uint64_t set = 0;

        for (; *s; s++)
                set |= UINT64_C(1) << (lower(*s) & 63);
        return set;
}

static bool has_more_than(uint64_t set, size_t n)
{
        for (; set && n > 0; n--)
                set &= set - 1;
        return set;
}

/*
 * The distance where it is limit at most, else anything above: cells further from the diagonal than limit cost more
 * than that, and are not looked at.
 */
static size_t distance(const char *a, size_t na, const char *b, size_t nb, size_t limit)
{
        size_t row[3][NEAREST_MAX + 2], *above2 = row[0], *above = row[1], *here = row[2];

        for (size_t j = 0; j <= MIN(nb, limit + 1); j++)
                above[j] = j;
        for (size_t i = 1; i <= na; i++) {
                size_t from = i > limit ? i - limit : 1, to = MIN(nb, i + limit), *spare = above2, least;
                char c = lower(a[i - 1]), before = i > 1 ? lower(a[i - 2]) : '\0';

                least = here[from - 1] = i > limit ? limit + 1 : i;
                for (size_t j = from; j <= to; j++) {
                        char d = lower(b[j - 1]);
                        size_t best = MIN(above[j], here[j - 1]) + 1;

                        best = MIN(best, above[j - 1] + (c != d));
                        if (i > 1 && j > 1 && before == d && c == lower(b[j - 2]))
                                best = MIN(best, above2[j - 2] + 1);
                        here[j] = best;
                        least = MIN(least, best);
                }
                /* A row grows by one at most, so that a swap, which goes over one, comes to no less either. */
                if (least > limit)
                        return limit + 1;
                if (to < nb)
                        here[to + 1] = limit + 1;
                above2 = above;
                above = here;
                here = spare;
        }
        return above[nb];
}

/* More than a third of the letters wrong is another word, not a slip. */
const char *str_nearest(const char *s, const char *const *candidates, size_t n)
{
        return str_nearest_within(s, candidates, n, 3);
}

const char *str_nearest_within(const char *s, const char *const *candidates, size_t n, size_t letters)
{
        size_t len = strlen(s), best = SIZE_MAX;
        const char *nearest = NULL;
        uint64_t set;

        if (len == 0 || len > NEAREST_MAX)
                return NULL;
        set = letters_of(s);
        for (size_t i = 0; i < n && best > 0; i++) {
                size_t clen = strlen(candidates[i]), limit = MAX(len, clen) / letters, d;
                uint64_t cset;

                limit = MIN(limit, best - 1);
                /* Letters that only one of them has are the least there is to change. */
                if (clen > NEAREST_MAX || (len > clen ? len - clen : clen - len) > limit)
                        continue;
                cset = letters_of(candidates[i]);
                if (has_more_than(set & ~cset, limit) || has_more_than(cset & ~set, limit))
                        continue;
                d = distance(s, len, candidates[i], clen, limit);
                if (d <= limit) {
                        best = d;
                        nearest = candidates[i];
                }
        }
        return nearest;
}

uint64_t str_hash(uint64_t h, const void *p, size_t n)
{
        const unsigned char *c = p;

        for (size_t i = 0; i < n; i++)
                h = (h ^ c[i]) * UINT64_C(0x100000001b3);
        return h;
}
