/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/span.h"

#include <errno.h>

#include "base/str.h"

static bool blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

bool span_is(struct span s, const char *text)
{
        return strlen(text) == s.length && memcmp(s.at, text, s.length) == 0;
}

bool span_token(struct span *line, struct span *ret)
{
        bool quoted = false;
        size_t n = 0;

        while (line->length > 0 && blank(*line->at)) {
                line->at++;
                line->length--;
        }
        while (n < line->length && (quoted || !blank(line->at[n])))
                quoted ^= line->at[n++] == '"';
        *ret = (struct span){line->at, n};
        if (n == 0 || span_is(*ret, "--"))
                return false;
        line->at += n;
        line->length -= n;
        return true;
}

bool span_has(struct span line, const char *token)
{
        struct span t;

        while (span_token(&line, &t))
                if (span_is(t, token))
                        return true;
        return false;
}

bool span_value(struct span line, const char *name, struct span *ret)
{
        size_t n = strlen(name);
        struct span t;

        while (span_token(&line, &t))
                if (t.length >= n && memcmp(t.at, name, n) == 0) {
                        *ret = (struct span){t.at + n, t.length - n};
                        return true;
                }
        return false;
}

size_t span_characters(const char *line)
{
        bool quoted = false, between = false;
        size_t n = 0;

        for (; *line; line++) {
                quoted ^= *line == '"';
                if (!quoted && (blank(*line) || *line == '\n')) {
                        between = n > 0;
                        continue;
                }
                n += 1 + between;
                between = false;
        }
        return n;
}

bool span_line(const char **text, struct span *ret)
{
        if (!**text)
                return false;
        ret->at = *text;
        ret->length = strcspn(*text, "\n");
        *text += ret->length;
        *text += **text == '\n';
        return true;
}

char *span_replace(struct arena *a, const char *text, struct span old, const char *new)
{
        return arena_printf(a, "%.*s%s%s", (int)(old.at - text), text, new, old.at + old.length);
}

char *span_with(struct arena *a, struct span line, struct strings tokens)
{
        struct span rest = line, t;
        const char *end = line.at;
        char *head;

        while (span_token(&rest, &t))
                end = t.at + t.length;
        head = arena_strndup(a, line.at, (size_t)(end - line.at));
        for (size_t i = 0; i < tokens.n; i++)
                head = arena_join(a, head, *head && !blank(head[strlen(head) - 1]) ? " " : "", tokens.v[i], NULL);
        rest = (struct span){end, line.length - (size_t)(end - line.at)};
        return arena_printf(a, "%s%s%.*s", head, rest.length > 0 && !blank(*rest.at) && *head ? " " : "",
                            (int)rest.length, rest.at);
}

char *span_without(struct arena *a, struct span line, struct strings tokens)
{
        char *copy = arena_strndup(a, line.at, line.length), *to = copy;
        const char *from = line.at;
        struct span rest = line, t;

        while (span_token(&rest, &t)) {
                bool drop = false;

                for (size_t i = 0; i < tokens.n && !drop; i++)
                        drop = span_is(t, tokens.v[i]);
                if (!drop)
                        continue;
                /* With one blank: that in front of it, or at the line's beginning the one behind. */
                size_t keep = (size_t)(t.at - from);
                const char *behind = t.at + t.length;

                if (keep > 0 && blank(from[keep - 1]))
                        keep--;
                else if (rest.length > 0 && blank(*behind))
                        behind++;
                memcpy(to, from, keep);
                to += keep;
                from = behind;
                rest.length -= (size_t)(behind - rest.at);
                rest.at = behind;
        }
        memcpy(to, from, (size_t)(line.at + line.length - from));
        to[line.at + line.length - from] = '\0';
        return copy;
}

struct span span_field(struct span line, unsigned n)
{
        struct span field = {.at = ""};

        for (unsigned i = 0; i <= n; i++)
                if (!span_token(&line, &field))
                        return (struct span){.at = ""};
        return field;
}
