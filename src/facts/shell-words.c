/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/shell-words.h"

#include <ctype.h>

#include "base/str.h"

struct reader {
        struct arena *arena;
        struct shell_words *ret;
        const char *c;
        unsigned line;
        char *word; /* as long as the text; the one that is being read */
        size_t n;
        bool quoted, strange, splits; /* splits: it has a "$" outside quotes */
        bool any;                     /* also one that is empty: "" */
        unsigned from;                /* its line */
};

static void add(struct reader *r, const char *text, bool op, unsigned line)
{
        struct shell_word *w = arena_grow(r->arena, &r->ret->v, r->ret->n, sizeof(*w));

        *w = (struct shell_word){.text = text,
                                 .quoted = !op && r->quoted,
                                 .strange = !op && (r->strange || (r->quoted && r->splits)),
                                 .op = op,
                                 .line = line};
        r->ret->n++;
}

static void end_word(struct reader *r)
{
        if (r->any)
                add(r, arena_strndup(r->arena, r->word, r->n), false, r->from);
        r->n = 0;
        r->any = r->quoted = r->strange = r->splits = false;
}

static void take(struct reader *r)
{
        if (!r->any)
                r->from = r->line;
        r->any = true;
        r->line += *r->c == '\n';
        r->word[r->n++] = *r->c++;
}

/* "$(...)" and "`...`", whatever is in them. */
static void take_substitution(struct reader *r)
{
        size_t depth = 0;
        char end = *r->c == '`' ? '`' : ')';

        r->strange = true;
        if (end == ')')
                take(r);
        do {
                depth += *r->c == '(';
                depth -= end == ')' && *r->c == ')';
                take(r);
        } while (*r->c && (end == '`' ? *r->c != '`' : depth > 0));
        if (end == '`' && *r->c)
                take(r);
        r->ret->unclosed |= depth > 0;
}

size_t shell_name_length(const char *c)
{
        size_t n = 0;

        while (isalnum((unsigned char)c[n]) || c[n] == '_')
                n++;
        return isdigit((unsigned char)*c) ? 0 : n;
}

/* "$NAME" and "${NAME}"; all else behind a "$" is strange. */
static void take_variable(struct reader *r)
{
        bool braces = r->c[1] == '{';
        size_t n = shell_name_length(r->c + 1 + braces);

        r->strange |= n == 0 || (braces && r->c[2 + n] != '}');
        for (n = n == 0 ? 1 : 1 + n + 2 * (size_t)braces; n > 0 && *r->c; n--)
                take(r);
}

/* A character that is what it is, whatever it would be without quotes. */
static void take_literal(struct reader *r)
{
        r->strange |= strchr("$`", *r->c) != NULL;
        take(r);
}

static void take_quoted(struct reader *r)
{
        char quote = *r->c++;

        if (!r->any)
                r->from = r->line;
        r->any = r->quoted = true;
        while (*r->c && *r->c != quote) {
                if (quote == '"' && *r->c == '\\' && r->c[1] && strchr("$`\"\\\n", r->c[1])) {
                        r->c++;
                        take_literal(r);
                } else if (quote == '"' && (*r->c == '`' || startswith(r->c, "$(")))
                        take_substitution(r);
                else if (quote == '"' && *r->c == '$')
                        take_variable(r);
                else
                        take_literal(r);
        }
        if (*r->c)
                r->c++;
        else
                r->ret->unclosed = true;
}

/* ">>", "2>", ">&2", "<<-" */
static void take_redirection(struct reader *r)
{
        bool numbered = r->n == 1 && isdigit((unsigned char)*r->word) && !r->quoted,
             other = numbered && *r->word != '1';
        size_t n = strspn(r->c, "<>&|-");
        bool file = *r->c == '>' && (n == 1 || (n == 2 && r->c[1] == '>'));

        if (numbered)
                r->any = false;
        end_word(r);
        add(r,
            file && !other                                          ? ">"
            : other && (file || (n == 2 && startswith(r->c, ">&"))) ? "2>"
                                                                    : "<",
            true, r->line);
        r->c += n;
}

static void take_operator(struct reader *r)
{
        size_t n = strchr(";&|", *r->c) && r->c[1] == *r->c ? 2 : 1;
        unsigned line = r->line;

        end_word(r);
        r->line += *r->c == '\n';
        add(r, arena_strndup(r->arena, r->c, n), true, line);
        r->c += n;
}

void shell_words_read(struct arena *a, const char *text, struct shell_words *ret)
{
        struct reader r = {.arena = a, .ret = ret, .c = text, .line = 1, .word = arena_alloc(a, strlen(text) + 1)};

        *ret = (struct shell_words){};
        while (*r.c)
                if (startswith(r.c, "\\\n")) {
                        r.line++;
                        r.c += 2;
                } else if (*r.c == '\\' && r.c[1]) {
                        r.c++;
                        r.quoted = true;
                        take_literal(&r);
                } else if (*r.c == '#' && !r.any)
                        r.c += strcspn(r.c, "\n");
                else if (strchr("\"'", *r.c))
                        take_quoted(&r);
                else if (*r.c == '`' || startswith(r.c, "$("))
                        take_substitution(&r);
                else if (*r.c == '$') {
                        r.splits = true;
                        take_variable(&r);
                } else if (strchr("<>", *r.c))
                        take_redirection(&r);
                else if (strchr(";&|()\n", *r.c))
                        take_operator(&r);
                else if (strchr(" \t", *r.c)) {
                        end_word(&r);
                        r.c++;
                } else {
                        r.strange |= strchr("*?[{}~", *r.c) != NULL;
                        take(&r);
                }
        end_word(&r);
}
