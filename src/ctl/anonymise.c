/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/anonymise.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/str.h"

#define SHORTEST 4 /* a shorter number identifies nothing, and stands in too many places */

struct secret {
        const char *old, *new; /* the same size; compared without regard to case unless binary */
        size_t size;
        bool binary;
};

static int random_bytes(void *p, size_t n)
{
        for (size_t done = 0; done < n;) {
                ssize_t k = getrandom((char *)p + done, n - done, 0);

                if (k < 0 && errno != EINTR)
                        return -errno;
                done += k > 0 ? (size_t)k : 0;
        }
        return 0;
}

static bool is_hex(const char *s)
{
        return s[strspn(s, "0123456789abcdefABCDEF:-")] == '\0';
}

/* Each letter or digit becomes another of its kind; what is a number in hex stays one. */
static int draw(const char *old, char *new)
{
        bool hex = is_hex(old);

        for (size_t i = 0; old[i]; i++) {
                unsigned char r;
                int k = random_bytes(&r, 1);

                if (k < 0)
                        return k;
                if (hex && isxdigit((unsigned char)old[i]))
                        new[i] = "0123456789abcdef"[r % 16];
                else if (isdigit((unsigned char)old[i]))
                        new[i] = (char)('0' + r % 10);
                else if (isalpha((unsigned char)old[i]))
                        new[i] = (char)((isupper((unsigned char)old[i]) ? 'A' : 'a') + r % 26);
                else
                        new[i] = old[i];
        }
        return 0;
}

static void add(struct anonymiser *y, const void *old, const void *new, size_t size, bool binary)
{
        struct secret *s = arena_grow(y->arena, &y->v, y->n, sizeof(*y->v));

        *s = (struct secret){.old = arena_strndup(y->arena, old, size),
                             .new = arena_strndup(y->arena, new, size),
                             .size = size,
                             .binary = binary};
        y->n++;
}

static bool known(const struct anonymiser *y, const char *s)
{
        for (size_t i = 0; i < y->n; i++)
                if (!y->v[i].binary && y->v[i].size == strlen(s) && strncasecmp(y->v[i].old, s, y->v[i].size) == 0)
                        return true;
        return false;
}

static void replace_char(char *s, char from, char to)
{
        for (; *s; s++)
                if (*s == from)
                        *s = to;
}

static void remove_char(char *s, char c)
{
        char *out = s;

        for (; *s; s++)
                if (*s != c)
                        *out++ = *s;
        *out = '\0';
}

/* "0" and "None" are what firmware writes where it has no number. */
static bool worth_hiding(const char *s)
{
        size_t letters = 0;

        for (const char *c = s; *c; c++)
                letters += isalnum((unsigned char)*c) && *c != '0';
        return strlen(s) >= SHORTEST && letters > 0;
}

static void add_spellings(struct anonymiser *y, const char *s, const char *new)
{
        char *other = arena_strdup(y->arena, s), *other_new = arena_strdup(y->arena, new);
        char from = strchr(s, ':') ? ':' : '-', to = from == ':' ? '-' : ':';

        add(y, s, new, strlen(s), false);
        if (!is_hex(s) || !strpbrk(s, ":-"))
                return;
        replace_char(other, from, to);
        replace_char(other_new, from, to);
        add(y, other, other_new, strlen(s), false);
        remove_char(other, to); /* as interfaces are named after it: enx525400123456 */
        remove_char(other_new, to);
        add(y, other, other_new, strlen(other), false);
}

int anonymiser_add(struct anonymiser *y, const char *s)
{
        char *new = arena_strdup(y->arena, s);
        int k;

        if (!worth_hiding(s) || known(y, s))
                return 0;
        k = draw(s, new);
        if (k < 0)
                return k;
        add_spellings(y, s, new);
        return 0;
}

int anonymiser_add_binary(struct anonymiser *y, const void *raw, size_t size, const char *s)
{
        char *new = arena_alloc(y->arena, size), text[64] = "";
        const unsigned char *bytes = (const unsigned char *)new;
        int k;

        if (!new || size * 3 > sizeof(text))
                return -ENOMEM;
        if (!worth_hiding(s) || known(y, s))
                return 0;
        k = random_bytes(new, size);
        if (k < 0)
                return k;
        for (size_t i = 0; i < size; i++) /* printed from the last byte to the first */
                snprintf(text + i * 3, sizeof(text) - i * 3, "%02x%s", bytes[size - 1 - i], i + 1 < size ? "-" : "");
        add_spellings(y, s, text);
        if (k < 0)
                return k;
        add(y, raw, new, size, true);
        return 0;
}

void anonymiser_apply(const struct anonymiser *y, char *data, size_t size)
{
        for (size_t i = 0; i < y->n; i++) {
                const struct secret *s = &y->v[i];

                for (size_t at = 0; at + s->size <= size; at++) {
                        if (s->binary ? memcmp(data + at, s->old, s->size) != 0
                                      : strncasecmp(data + at, s->old, s->size) != 0)
                                continue;
                        memcpy(data + at, s->new, s->size);
                        at += s->size - 1;
                }
        }
}

static void blank_until(char *s, const char *ends)
{
        for (; *s && !strchr(ends, *s); s++)
                *s = 'x';
}

void redact_credentials(char *text)
{
        static const char *const keys[] = {
                "password=", "password2=", "PrivateKey=", "PresharedKey=", "passwd=",         "pass=",
                "secret=",   "username=",  "user=",       "credentials=",  "set_credential=", "set_credential_binary=",
                "token="};

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                for (char *c = text; (c = strcasestr(c, keys[i]));) {
                        c += strlen(keys[i]);
                        blank_until(c, " \t\n,");
                }
        /* root=, netroot= and the like: iscsi:USER:PASSWORD@SERVER, //USER:PASSWORD@SERVER */
        for (char *at = text; (at = strchr(at, '@')); at++) {
                char *start = at;

                while (start > text && !strchr(" \t\n=/\"", start[-1]))
                        start--;
                if (strncmp(start, "iscsi:", 6) == 0)
                        start += 6;
                if (memchr(start, ':', (size_t)(at - start)))
                        for (; start < at; start++)
                                if (*start != ':')
                                        *start = 'x';
        }
}
