/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/shell-state.h"

#include <ctype.h>

#define VALUES_MAX 256

void shell_state_begin(struct shell_state *s, struct arena *a, const char *text)
{
        *s = (struct shell_state){.arena = a};
        shell_words_read(a, text, &s->words);
        s->last.after = "\n";
}

bool shell_state_lost(const struct shell_state *s)
{
        return s->broken || s->words.unclosed || (s->depth > 0 && !s->ended);
}

bool shell_state_doubts(const struct shell_state *s)
{
        for (size_t i = 0; i < s->depth; i++)
                if (s->blocks[i].doubt)
                        return true;
        return s->rest || (s->chain && s->chained);
}

/* ---- variables ----------------------------------------------------------------------------------------------------
 */

static size_t name_length(const char *c)
{
        size_t n = 0;

        while (isalnum((unsigned char)c[n]) || c[n] == '_')
                n++;
        return isdigit((unsigned char)*c) ? 0 : n;
}

static struct shell_variable *find(const struct shell_state *s, const char *name, size_t n)
{
        for (size_t i = 0; i < s->n_variables; i++)
                if (strlen(s->variables[i].name) == n && strncmp(s->variables[i].name, name, n) == 0)
                        return &s->variables[i];
        return NULL;
}

/* The variable at "$", and where it ends; NULL: it is none, or not known. */
static const struct shell_variable *variable_at(const struct shell_state *s, const char *c, const char **ret_end)
{
        bool braces = c[1] == '{';
        const char *name = c + 1 + braces;
        size_t n = name_length(name);
        const struct shell_variable *v = n > 0 ? find(s, name, n) : NULL;

        if (!v || !v->known || (braces && name[n] != '}'))
                return NULL;
        *ret_end = name + n + braces;
        return v;
}

bool shell_state_expand(const struct shell_state *s, const char *word, struct strings *ret)
{
        struct strings list = {};

        strings_add(s->arena, &list, "");
        while (*word) {
                const char *end = word + strcspn(word, "$`");
                struct strings part = {}, next = {};

                if (end > word)
                        strings_add(s->arena, &part, arena_strndup(s->arena, word, (size_t)(end - word)));
                else {
                        const struct shell_variable *v = *word == '$' ? variable_at(s, word, &end) : NULL;

                        if (!v)
                                return false;
                        part = v->values;
                }
                for (size_t i = 0; i < list.n; i++)
                        for (size_t k = 0; k < part.n; k++)
                                strings_add(s->arena, &next, arena_join(s->arena, list.v[i], part.v[k], NULL));
                if (next.n == 0 || next.n > VALUES_MAX)
                        return false;
                list = next;
                word = end;
        }
        *ret = list;
        return true;
}

static void set(struct shell_state *s, const char *name, size_t n, bool known, const struct strings *values)
{
        struct shell_variable *v = find(s, name, n);

        if (!v) {
                v = arena_grow(s->arena, &s->variables, s->n_variables, sizeof(*v));
                *v = (struct shell_variable){.name = arena_strndup(s->arena, name, n)};
                s->n_variables++;
        }
        v->known = known && !shell_state_doubts(s);
        v->values = *values;
}

/* NAME=VALUE; one that may not come to pass makes the variable unknown. */
static bool assign(struct shell_state *s, const char *word)
{
        size_t n = name_length(word);
        struct strings values = {};
        bool known;

        if (n == 0 || word[n] != '=')
                return false;
        known = shell_state_expand(s, word + n + 1, &values);
        set(s, word, n, known, &values);
        return true;
}

/* "for NAME in WORD...": each word of each is a value. */
static void loop(struct shell_state *s, const struct shell_command *c)
{
        const struct strings *words = &c->words;
        struct strings values = {};
        bool known = words->n > 2 && streq(words->v[2], "in");

        if (words->n < 2)
                return;
        for (size_t i = 3; known && i < words->n; i++) {
                struct strings some = {};

                known = shell_state_expand(s, words->v[i], &some);
                for (size_t k = 0; k < some.n; k++) {
                        const char **parts;
                        size_t n;

                        if (i < 64 && c->quoted >> i & 1) {
                                strings_add(s->arena, &values, some.v[k]);
                                continue;
                        }
                        str_words(s->arena, some.v[k], &parts, &n);
                        for (size_t p = 0; p < n; p++)
                                strings_add(s->arena, &values, parts[p]);
                }
        }
        set(s, words->v[1], strlen(words->v[1]), known && values.n > 0, &values);
}

/* ---- blocks --------------------------------------------------------------------------------------------------------
 */

static void push(struct shell_state *s, struct shell_block block)
{
        if (s->depth == SHELL_DEPTH)
                s->broken = true;
        else
                s->blocks[s->depth++] = block;
}

static void pop(struct shell_state *s)
{
        if (s->depth == 0)
                s->broken = true;
        else
                s->depth--;
}

static struct shell_block *top(struct shell_state *s)
{
        s->broken |= s->depth == 0;
        return &s->blocks[s->depth > 0 ? s->depth - 1 : 0];
}

static bool in_question(const struct shell_state *s)
{
        for (size_t i = 0; i < s->depth; i++)
                if (s->blocks[i].question)
                        return true;
        return false;
}

/* It asks whether a file of a device or of an IOMMU is there: without, the script binds nothing that is. */
static bool is_harmless(const struct shell_command *c)
{
        static const char *const about[] = {"/bus/pci/devices/", "/sys/class/iommu", "/sys/kernel/iommu_groups"};
        size_t n = c->words.n, at = n > 1 && streq(c->words.v[1], "!") ? 2 : 1;

        if (n == 0)
                return false;
        if (streq(c->words.v[0], "modprobe") || streq(c->words.v[0], "true"))
                return true;
        if ((!streq(c->words.v[0], "[") && !streq(c->words.v[0], "test")) || n <= at + 1 ||
            strlen(c->words.v[at]) != 2 || *c->words.v[at] != '-' || n > at + 3)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(about); i++)
                if (strstr(c->words.v[at + 1], about[i]))
                        return true;
        return false;
}

static void shift(struct shell_command *c)
{
        c->words.v++;
        c->words.n--;
        c->quoted >>= 1;
}

/* The words of the shell's own in front of a command; false: there is nothing else. */
static bool skip_keywords(struct shell_state *s, struct shell_command *c)
{
        while (c->words.n > 0) {
                const char *word = c->words.v[0];

                if (streq(word, "then") || streq(word, "do"))
                        top(s)->asks = false;
                else if (streq(word, "else"))
                        *top(s) = (struct shell_block){.doubt = true};
                else if (streq(word, "elif"))
                        *top(s) = (struct shell_block){.doubt = true, .asks = true};
                else if (streq(word, "if"))
                        push(s, (struct shell_block){.asks = true});
                else if (streq(word, "while") || streq(word, "until"))
                        push(s, (struct shell_block){.doubt = true, .asks = true});
                else if (streq(word, "{"))
                        push(s, (struct shell_block){.doubt = s->function});
                else if (streq(word, "}") || streq(word, "fi") || streq(word, "done") || streq(word, "esac"))
                        pop(s);
                else if (streq(word, "for")) {
                        loop(s, c);
                        push(s, (struct shell_block){});
                        return false;
                } else if (streq(word, "case")) {
                        const char *of = c->words.n > 1 ? c->words.v[1] : "";

                        push(s, (struct shell_block){.doubt = true,
                                                     .choice = true,
                                                     .question = streq(of, "$1") || streq(of, "${1}")});
                        return false;
                } else if (!streq(word, "!"))
                        return true;
                shift(c);
        }
        return false;
}

/* ---- commands ------------------------------------------------------------------------------------------------------
 */

/* Words up to the next operator. */
static bool gather(struct shell_state *s, struct shell_command *ret)
{
        if (s->at >= s->words.n || s->ended)
                return false;
        *ret = (struct shell_command){.before = s->last.after, .after = "\n", .line = s->words.v[s->at].line};
        while (s->at < s->words.n) {
                const struct shell_word *w = &s->words.v[s->at++], *next = w + 1;

                if (!w->op) {
                        if (ret->words.n == 0)
                                ret->line = w->line;
                        if (ret->words.n < 64)
                                ret->quoted |= (uint64_t)w->quoted << ret->words.n;
                        strings_add(s->arena, &ret->words, w->text);
                } else if (!strchr("<>", *w->text)) {
                        ret->after = w->text;
                        break;
                } else if (s->at < s->words.n && !next->op) {
                        if (*w->text == '>')
                                ret->target = next->text;
                        s->at++;
                }
        }
        return true;
}

static void leave(struct shell_state *s)
{
        if (in_question(s))
                return;
        if (shell_state_doubts(s))
                s->rest = true;
        else if (s->depth == 0 && !s->chain)
                s->ended = true;
}

/* What the command says of the script itself; false: it does something else. */
static bool is_own(struct shell_state *s, struct shell_command *c)
{
        if (s->depth > 0 && top(s)->choice && streq(c->after, ")"))
                return true; /* a pattern */
        if (c->words.n == 1 && streq(c->after, "(") && !c->target) {
                s->function = c->words.v[0];
                return true;
        }
        if (c->words.n == 0)
                return true;
        if (!skip_keywords(s, c)) {
                s->function = NULL;
                return true;
        }
        s->function = NULL;
        if (s->depth > 0 && top(s)->asks) {
                top(s)->doubt |= !is_harmless(c);
                return true;
        }
        while (c->words.n > 1 && (streq(c->words.v[0], "export") || streq(c->words.v[0], "readonly") ||
                                  streq(c->words.v[0], "local") || streq(c->words.v[0], "sudo")))
                shift(c);
        while (c->words.n > 0 && assign(s, c->words.v[0]))
                shift(c);
        if (c->words.n > 0 && (streq(c->words.v[0], "exit") || streq(c->words.v[0], "return")))
                leave(s);
        return c->words.n == 0;
}

bool shell_state_next(struct shell_state *s, struct shell_command *ret)
{
        while (gather(s, ret)) {
                bool own;

                s->chain = streq(ret->before, "&&") || streq(ret->before, "||");
                if (s->chain)
                        s->chained |= !is_harmless(&s->last);
                else
                        s->chained = false;
                own = is_own(s, ret);
                s->last = *ret;
                if (!own)
                        return true;
        }
        return false;
}
