/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmdline/pasted.h"

#include <ctype.h>

#include "base/str.h"

static const struct {
        const char *letters, *plain, *what;
} typeset[] = {
        {"\u2018", "", "a typographic quote (\u2018)"},
        {"\u2019", "", "a typographic quote (\u2019)"},
        {"\u201a", "", "a typographic quote (\u201a)"},
        {"\u201c", "", "a typographic quote (\u201c)"},
        {"\u201d", "", "a typographic quote (\u201d)"},
        {"\u201e", "", "a typographic quote (\u201e)"},
        {"\u00ab", "", "a typographic quote (\u00ab)"},
        {"\u00bb", "", "a typographic quote (\u00bb)"},
        {"\u2010", "-", "a typographic hyphen (\u2010)"},
        {"\u2011", "-", "a typographic hyphen (\u2011)"},
        {"\u2012", "-", "a long dash (\u2012)"},
        {"\u2013", "-", "a long dash (\u2013)"},
        {"\u2014", "-", "a long dash (\u2014)"},
        {"\u2212", "-", "a minus sign (\u2212)"},
        {"\u202f", "", "a no-break space"},
        {"\u200b", "", "a blank without width"},
        {"\u200c", "", "a blank without width"},
        {"\u200d", "", "a blank without width"},
        {"\u2060", "", "a blank without width"},
        {"\ufeff", "", "a byte order mark"},
};
#define QUOTES 8 /* the first of them */

/* The kernel ends a word at the second byte of a no-break space, which leaves the first. */
static bool is_cut(const char *c)
{
        return (unsigned char)c[0] == 0xc2 && c[1] == '\0';
}

const char *pasted_plain(struct arena *a, const char *token, const char **ret_what, bool *ret_quotes)
{
        char *plain = arena_alloc(a, strlen(token) + 1), *to = plain;

        *ret_what = NULL;
        *ret_quotes = false;
        for (const char *c = token; *c;) {
                size_t i;

                for (i = 0; i < ARRAY_SIZE(typeset) && !startswith(c, typeset[i].letters);)
                        i++;
                if (i < ARRAY_SIZE(typeset)) {
                        *ret_what = *ret_what ? *ret_what : typeset[i].what;
                        *ret_quotes |= i < QUOTES;
                        to = stpcpy(to, typeset[i].plain);
                        c += strlen(typeset[i].letters);
                } else if (is_cut(c)) {
                        *ret_what = *ret_what ? *ret_what : "half a no-break space";
                        break;
                } else
                        *to++ = *c++;
        }
        *to = '\0';
        return *ret_what ? plain : NULL;
}

static size_t digits(const char *c)
{
        size_t n = 0;

        while (isxdigit((unsigned char)c[n]))
                n++;
        return n;
}

bool pasted_is_id(const char *token)
{
        token += *token == ',';
        if (digits(token) != 4 || token[4] != ':' || digits(token + 5) != 4)
                return false;
        return token[9] == '\0' || token[9] == ',';
}

static bool ends_with_comma(const struct token *t)
{
        size_t n = strlen(t->text);

        return n > 0 && t->text[n - 1] == ',';
}

/* The token goes on with what the one before it left open. */
static bool continues(const struct token *tokens, size_t i)
{
        const struct token *t = &tokens[i];

        return i > 0 && !t->value && !t->late &&
               (*t->text == ',' || ends_with_comma(&tokens[i - 1]) || pasted_is_id(t->text));
}

const char *pasted_list(struct arena *a, const struct token *tokens, size_t n, size_t i, size_t *ret_head)
{
        const char *list;
        size_t head = i;

        if (!continues(tokens, i))
                return NULL;
        while (head > 0 && continues(tokens, head))
                head--;
        if (!tokens[head].value || !*tokens[head].value)
                return NULL;
        list = tokens[head].text;
        for (size_t k = head + 1; k < n && continues(tokens, k); k++) {
                const char *part = tokens[k].text + (*tokens[k].text == ',');

                list = arena_join(a, list, list[strlen(list) - 1] == ',' || !*part ? "" : ",", part, NULL);
        }
        *ret_head = head;
        return list;
}

const char *pasted_whole(const char *token)
{
        static const char *const ends[][2] = {
                {"igfx_off", "intel_iommu=on,igfx_off"},
                {"efifb:off", "video=efifb:off"},
                {"vesafb:off", "video=vesafb:off"},
                {"simplefb:off", "video=simplefb:off"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
                if (streq(token, ends[i][0]))
                        return ends[i][1];
        return NULL;
}
