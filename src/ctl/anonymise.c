/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/anonymise.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define SHORTEST 4  /* a shorter number identifies nothing, and stands in too many places */
#define CERTAIN  12 /* a longer one needs no edges to be found by */
#define RUN_MAX  8  /* blanks that pad a model's name */
#define LETTERS  36

struct secret {
        const char *old, *new; /* letters and digits in lower case */
        const bool *gaps;      /* something stands before that character */
        size_t n;
        bool hex;
};

/* ---- the hash: SipHash-2-4 -----------------------------------------------------------------------------------------
 */

static uint64_t rotate(uint64_t x, unsigned n)
{
        return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[static 4])
{
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32) + v[3];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[static 4], uint64_t word)
{
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
}

/* The hash of the text and a number behind it. */
static uint64_t sip(const uint64_t key[static 2], const char *s, size_t n, uint64_t number)
{
        uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                         key[1] ^ 0x7465646279746573};
        uint64_t last = (uint64_t)n << 56;

        for (size_t i = 0; i + 8 <= n; i += 8) {
                uint64_t word = 0;

                for (unsigned b = 0; b < 8; b++)
                        word |= (uint64_t)(unsigned char)s[i + b] << (8 * b);
                sip_word(v, word);
        }
        for (size_t i = n & ~(size_t)7; i < n; i++)
                last |= (uint64_t)(unsigned char)s[i] << (8 * (i & 7));
        sip_word(v, last);
        sip_word(v, number);
        v[2] ^= 0xff;
        for (unsigned i = 0; i < 4; i++)
                sip_round(v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- secrets -------------------------------------------------------------------------------------------------------
 */

static bool is_plain(char c)
{
        return isalnum((unsigned char)c) && (unsigned char)c < 128;
}

static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The letters and digits of s; gaps: before which of them something stands. */
static char *plain_of(const struct anonymiser *y, const char *s, size_t size, bool **ret_gaps)
{
        char *plain = arena_alloc(y->arena, size + 1);
        bool *gaps = arena_alloc(y->arena, size + 1);
        size_t n = 0;

        for (size_t i = 0; i < size;) {
                size_t gap = anonymiser_gap(s + i, size - i, false);

                if (is_plain(s[i]))
                        plain[n++] = lower(s[i]);
                gaps[n] |= !is_plain(s[i]);
                i += gap > 0 ? gap : 1;
        }
        *ret_gaps = gaps;
        return plain;
}

static bool is_hex(const char *s)
{
        return s[strspn(s, "0123456789abcdef")] == '\0';
}

/* A character of the same kind; hex stays hex. */
static char replace(char c, bool hex, unsigned r)
{
        return hex ? "0123456789abcdef"[r % 16] : c >= 'a' ? (char)('a' + r % 26) : (char)('0' + r % 10);
}

static const char *hash(const struct anonymiser *y, const char *plain)
{
        size_t n = strlen(plain);
        char *new = arena_alloc(y->arena, n + 1);
        bool hex = is_hex(plain);
        uint64_t bits = 0;

        for (size_t i = 0; i < n; i++) {
                if (i % 8 == 0)
                        bits = sip(y->key, plain, n, i);
                new[i] = replace(plain[i], hex, (unsigned)(bits >> (8 * (i % 8)) & 0xff));
        }
        /* Whether an address is one of many, or one that somebody gave, is for all to see. */
        if (hex && n == 12) {
                char low[2] = {plain[1], '\0'};
                char high[2] = {new[1], '\0'};

                new[1] = "0123456789abcdef"[(strtoul(high, NULL, 16) & 12) | (strtoul(low, NULL, 16) & 3)];
        }
        return new;
}

const char *anonymiser_hash(const struct anonymiser *y, const char *s)
{
        bool *gaps;

        return hash(y, plain_of(y, s, strlen(s), &gaps));
}

int anonymiser_open(struct anonymiser *y, struct arena *a)
{
        *y = (struct anonymiser){.arena = a};
        for (size_t done = 0; done < sizeof(y->key);) {
                ssize_t k = getrandom((char *)y->key + done, sizeof(y->key) - done, 0);

                if (k < 0 && errno != EINTR)
                        return -errno;
                done += k > 0 ? (size_t)k : 0;
        }
        return 0;
}

/* "0", "None" and the like are what firmware writes where it has no number; a driver, where it has none, its address.
 */
static bool worth_hiding(const char *plain)
{
        static const char *const words[] = {"serial", "default", "unknown", "invalid", "notspecified"};
        size_t n = strlen(plain), same = strspn(plain, (char[]){*plain, '\0'});

        if (n < SHORTEST || same == n || startswith(plain, "tty"))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (streq(plain, words[i]))
                        return false;
        return strpbrk(plain, "0123456789") || n >= 6;
}

static void add(struct anonymiser *y, const char *plain, const char *new, const bool *gaps)
{
        struct secret *s = arena_grow(y->arena, &y->v, y->n, sizeof(*y->v));

        *s = (struct secret){.old = plain, .new = new, .gaps = gaps, .n = strlen(plain), .hex = is_hex(plain)};
        y->n++;
}

/* The interface identifier of an IPv6 address that is made from an interface's own (RFC 4291, appendix A). */
static char *identifier(struct arena *a, const char *mac)
{
        const char octet[] = {mac[0], mac[1], '\0'};

        return arena_printf(a, "%02lx%.4sfffe%.6s", strtoul(octet, NULL, 16) ^ 2, mac + 2, mac + 6);
}

/* In text, a group of four digits goes without the zeros before it. */
static void add_identifier(struct anonymiser *y, const char *mac, const char *new_mac)
{
        const char *old = identifier(y->arena, mac), *new = identifier(y->arena, new_mac);
        char *short_old = arena_alloc(y->arena, 17), *short_new = arena_alloc(y->arena, 17);
        const bool *gaps = arena_alloc(y->arena, 17 * sizeof(*gaps));
        size_t n = 0;

        for (size_t i = 0; i < 16; i++) {
                bool leads = i % 4 != 3 && strspn(old + i / 4 * 4, "0") > i % 4;

                if (!leads) {
                        short_old[n] = old[i];
                        short_new[n++] = new[i];
                }
        }
        add(y, old, new, gaps);
        if (n < 16)
                add(y, short_old, short_new, gaps);
}

void anonymiser_add(struct anonymiser *y, const char *s, size_t size)
{
        bool *gaps;
        const char *plain = plain_of(y, s, size, &gaps), *new;

        if (!worth_hiding(plain))
                return;
        new = hash(y, plain);
        add(y, plain, new, gaps);
        if (strlen(plain) == 12 && is_hex(plain))
                add_identifier(y, plain, new);
}

void anonymiser_keep(struct anonymiser *y, const char *s, size_t size)
{
        bool *gaps;

        strings_add(y->arena, &y->kept, plain_of(y, s, size, &gaps));
}

void anonymiser_map(struct anonymiser *y, const char *s, const char *replacement)
{
        bool *gaps, *other;
        const char *plain = plain_of(y, s, strlen(s), &gaps);

        add(y, plain, plain_of(y, replacement, strlen(replacement), &other), gaps);
}

/* What is mapped comes before what is hashed, as it was added later. */
static int compare(const void *a, const void *b)
{
        const struct secret *x = *(const struct secret *const *)a, *z = *(const struct secret *const *)b;
        int c = (x->n < z->n) - (x->n > z->n);

        if (c == 0)
                c = strcmp(x->old, z->old);
        return c ? c : (x < z) - (x > z);
}

static size_t place_of(char c)
{
        return c >= 'a' ? (size_t)(c - 'a') + 10 : (size_t)(c - '0');
}

void anonymiser_ready(struct anonymiser *y)
{
        const struct secret **all = arena_alloc(y->arena, (y->n + 1) * sizeof(*all));
        size_t n = 0;

        for (size_t i = 0; i < y->n; i++)
                if (str_index(y->v[i].old, y->kept.v, y->kept.n) < 0)
                        all[n++] = &y->v[i];
        if (n > 1)
                qsort(all, n, sizeof(*all), compare);
        y->first = arena_alloc(y->arena, LETTERS * sizeof(*y->first));
        for (size_t c = 0; c < LETTERS; c++) {
                size_t m = 0;

                y->first[c] = arena_alloc(y->arena, (n + 1) * sizeof(**y->first));
                for (size_t i = 0; i < n; i++)
                        if (place_of(*all[i]->old) == c && (m == 0 || !streq(y->first[c][m - 1]->old, all[i]->old)))
                                y->first[c][m++] = all[i];
        }
}

/* ---- replacing -----------------------------------------------------------------------------------------------------
 */

size_t anonymiser_gap(const char *s, size_t size, bool binary)
{
        if (size >= 4 && s[0] == '\\' && s[1] == 'x' && isxdigit((unsigned char)s[2]) && isxdigit((unsigned char)s[3]))
                return 4;
        if (size >= 4 && s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && isdigit((unsigned char)s[2]) &&
            isdigit((unsigned char)s[3]))
                return 4;
        if (size >= 3 && s[0] == '%' && isxdigit((unsigned char)s[1]) && isxdigit((unsigned char)s[2]))
                return 3;
        return size > 0 && ((*s && strchr("-:_. ", *s)) || (binary && *s == '\0')) ? 1 : 0;
}

/* How many gaps may come here, one behind the other. */
static unsigned gaps_allowed(const struct secret *s, size_t k, bool binary)
{
        if (s->gaps[k])
                return RUN_MAX;
        return binary ? 3 : s->hex;
}

/* The end of the secret in data at i, or 0. */
static size_t match(const struct secret *s, const char *data, size_t i, size_t size, bool binary)
{
        for (size_t k = 0; i < size && lower(data[i]) == s->old[k];) {
                size_t gap;

                i++;
                if (++k == s->n)
                        return i;
                for (unsigned n = gaps_allowed(s, k, binary);
                     n > 0 && (gap = anonymiser_gap(data + i, size - i, binary)) > 0; n--)
                        i += gap;
        }
        return 0;
}

/* "x2d" before it is the end of an escape, and an edge. */
static bool begins_word(const char *data, size_t i)
{
        return i == 0 || !is_plain(data[i - 1]) || (i >= 4 && anonymiser_gap(data + i - 4, 4, false) == 4) ||
               (i >= 3 && anonymiser_gap(data + i - 3, 3, false) == 3);
}

static void put(const struct secret *s, char *data, size_t i, size_t end, bool binary)
{
        bool upper = false;

        for (size_t at = i; at < end; at++)
                upper |= data[at] >= 'A' && data[at] <= 'Z';
        for (size_t k = 0; i < end && k < s->n;) {
                size_t gap = anonymiser_gap(data + i, end - i, binary);

                if (gap > 0) {
                        i += gap;
                        continue;
                }
                if (s->hex ? upper : data[i] >= 'A' && data[i] <= 'Z')
                        data[i] = (char)toupper((unsigned char)s->new[k]);
                else
                        data[i] = s->new[k];
                i++;
                k++;
        }
}

/* The first secret there, replaced; returns where it ends, or 0. */
static size_t replace_at(const struct anonymiser *y, char *data, size_t i, size_t size, bool binary)
{
        bool begins = begins_word(data, i);

        for (const struct secret **s = y->first[place_of(lower(data[i]))]; *s; s++) {
                size_t end;

                if ((*s)->n < CERTAIN && !begins)
                        continue;
                end = match(*s, data, i, size, binary);
                if (end == 0 || ((*s)->n < CERTAIN && end < size && is_plain(data[end])))
                        continue;
                put(*s, data, i, end, binary);
                return end;
        }
        return 0;
}

static void to_bytes(const char *hex, size_t n, unsigned char *ret)
{
        for (size_t i = 0; i < n; i++)
                ret[i] = (unsigned char)strtoul((char[]){hex[2 * i], hex[2 * i + 1], '\0'}, NULL, 16);
}

static void reverse(unsigned char *v, size_t n)
{
        for (size_t i = 0; i < n / 2; i++) {
                unsigned char c = v[i];

                v[i] = v[n - 1 - i];
                v[n - 1 - i] = c;
        }
}

static void replace_bytes(char *data, size_t size, const void *old, const void *new, size_t n)
{
        char *at = data;

        while ((at = memmem(at, size - (size_t)(at - data), old, n))) {
                memcpy(at, new, n);
                at += n;
        }
}

/* A number as it is written, from its other end, and as UEFI has a GUID: the first three parts from their other ends.
 */
static void replace_binary(const struct secret *s, char *data, size_t size)
{
        unsigned char old[16], new[16];
        size_t n = s->n / 2;

        if (!s->hex || s->n % 2 || n < 4 || n > sizeof(old))
                return;
        to_bytes(s->old, n, old);
        to_bytes(s->new, n, new);
        if (n > 4)
                replace_bytes(data, size, old, new, n);
        if (n == 16) {
                reverse(old, 4), reverse(old + 4, 2), reverse(old + 6, 2);
                reverse(new, 4), reverse(new + 4, 2), reverse(new + 6, 2);
        } else {
                reverse(old, n);
                reverse(new, n);
        }
        replace_bytes(data, size, old, new, n);
}

void anonymiser_apply(const struct anonymiser *y, char *data, size_t size)
{
        bool binary = memchr(data, '\0', size) != NULL;

        for (size_t i = 0; i < size;) {
                size_t end = is_plain(data[i]) ? replace_at(y, data, i, size, binary) : 0;

                i = end > 0 ? end : i + 1;
        }
        for (size_t c = 0; c < LETTERS && binary; c++)
                for (const struct secret **s = y->first[c]; *s; s++)
                        replace_binary(*s, data, size);
}

void anonymiser_scramble(const struct anonymiser *y, char *s, size_t size)
{
        uint64_t bits = 0;
        char *old = arena_strndup(y->arena, s, size);

        for (size_t i = 0; i < size; i++) {
                unsigned r;

                if (i % 8 == 0)
                        bits = sip(y->key, old, size, i);
                r = (unsigned)(bits >> (8 * (i % 8)) & 0xff);
                if (is_plain(s[i]))
                        s[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)('A' + r % 26) : replace(s[i], false, r);
        }
}
