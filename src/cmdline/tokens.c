/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/str.h"
#include "cmdline/cmdline.h"

/* The kernel's isspace() is Latin-1's, which has the no-break space. */
static bool blank(char c)
{
        return c == ' ' || (c >= '\t' && c <= '\r') || (unsigned char)c == 0xa0;
}

bool cmdline_name_is(const char *name, const char *known)
{
        for (; *name && *known; name++, known++)
                if (*name != *known && !((*name == '-' || *name == '_') && (*known == '-' || *known == '_')))
                        return false;
        return *name == *known;
}

const struct token *cmdline_last(const struct token *tokens, size_t n, const char *name)
{
        while (n-- > 0)
                if (cmdline_name_is(tokens[n].name, name))
                        return &tokens[n];
        return NULL;
}

/* lib/kstrtox.c, kstrtobool(): the first letter decides, in "on" and "off" the second. */
int cmdline_bool(const char *s, bool *ret)
{
        char c = (*s == 'o' || *s == 'O') ? s[1] : *s;

        if (!c || !strchr(c == *s ? "1yYtT0nNfF" : "nNfF", c))
                return -EINVAL;
        *ret = strchr(c == *s ? "1yYtT" : "nN", c);
        return 0;
}

/*
 * One token from c on: split at the first "=" but not in front; quotes hide blanks wherever they are, and go away
 * around the whole token or the whole value only.
 */
static void split_one(struct arena *a, const char *c, size_t length, struct token *t)
{
        const char *equals = length > 0 ? memchr(c + 1, '=', length - 1) : NULL;
        bool quoted = *c == '"';
        const char *end = c + length;
        char *name, *value = NULL;

        t->text = arena_strndup(a, c, length);
        if (quoted) {
                if (equals == c + 1) /* in front, once the quote is gone */
                        equals = memchr(c + 2, '=', length - 2);
                c++;
                if (end > c && end[-1] == '"')
                        end--;
        }
        if (equals && equals >= end)
                equals = NULL;
        name = arena_strndup(a, c, (size_t)((equals ? equals : end) - c));
        if (equals) {
                const char *from = equals + 1;

                if (from < end && *from == '"') {
                        from++;
                        if (!quoted && end > from && end[-1] == '"')
                                end--;
                }
                value = arena_strndup(a, from, (size_t)(end - from));
        }
        t->name = name;
        t->value = value;
}

void cmdline_split(struct arena *a, const char *line, struct token **ret, size_t *ret_n, bool *unclosed)
{
        bool late = false;
        const char *c = line;

        *ret = NULL;
        *ret_n = 0;
        *unclosed = false;
        for (;;) {
                bool in_quotes = false;
                struct token *t;
                size_t n = 0;

                while (blank(*c))
                        c++;
                if (!*c)
                        return;
                for (; c[n] && (in_quotes || !blank(c[n])); n++)
                        in_quotes ^= c[n] == '"';
                *unclosed |= in_quotes;
                t = arena_grow(a, ret, *ret_n, sizeof(**ret));
                split_one(a, c, n, t);
                ++*ret_n;
                t->at = (size_t)(c - line);
                t->late = late;
                late |= !t->value && streq(t->name, "--");
                c += n;
        }
}
