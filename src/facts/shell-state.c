/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/shell-state.h"

#define LINE_MAX_ 4096 /* bytes of a line, and of a value */
#define WORK_MAX  ((size_t)256 * 1024)
#define GLOB      "*?["

static bool spend(struct shell_state *s, size_t n)
{
        s->too_long |= n > s->work;
        s->work -= s->too_long ? 0 : n;
        return !s->too_long;
}

/* A program that the kernel starts with nothing but the script: "#!/bin/sh -e" has the shell leave at any failure. */
static bool is_plain_shell(const char *text)
{
        size_t n = strcspn(text, "\n");

        while (n > 0 && strchr(" \t", text[n - 1]))
                n--;
        return !startswith(text, "#!") || (n > 2 && strncmp(text + n - 2, "sh", 2) == 0);
}

void shell_state_begin(struct shell_state *s, struct arena *a, const char *text)
{
        *s = (struct shell_state){.arena = a, .work = WORK_MAX, .too_long = strlen(text) > SHELL_SCRIPT_MAX};
        for (const char *c = text; *c && !s->too_long; c += strspn(c, "\n")) {
                size_t n = strcspn(c, "\n");

                s->too_long = n > LINE_MAX_;
                c += n;
        }
        if (s->too_long)
                return;
        shell_words_read(a, text, &s->words);
        s->doubt = s->words.unclosed || !is_plain_shell(text);
}

/* ---- words ---------------------------------------------------------------------------------------------------------
 */

static bool is_op(const struct shell_state *s, size_t at)
{
        return at < s->words.n && s->words.v[at].op;
}

/* An operator, or a word without quotes. */
static bool is(const struct shell_state *s, size_t at, const char *text)
{
        return at < s->words.n && !s->words.v[at].quoted && streq(s->words.v[at].text, text);
}

/* Between two commands, or behind the last. */
static bool is_separator(const struct shell_state *s, size_t at)
{
        return at >= s->words.n || (is_op(s, at) && strchr(";\n", *s->words.v[at].text) && !s->words.v[at].text[1]);
}

static size_t past_separators(const struct shell_state *s, size_t at)
{
        while (at < s->words.n && is_separator(s, at))
                at++;
        return at;
}

static struct shell_variable *find(const struct shell_state *s, const char *name, size_t n)
{
        for (size_t i = 0; i < s->n_variables; i++)
                if (strlen(s->variables[i].name) == n && strncmp(s->variables[i].name, name, n) == 0)
                        return &s->variables[i];
        return NULL;
}

static void set(struct shell_state *s, const char *name, size_t n, struct shell_text value)
{
        struct shell_variable *v = find(s, name, n);

        s->too_long |= !v && s->n_variables == SHELL_LIST_MAX;
        if (s->too_long)
                return;
        if (!v) {
                v = arena_grow(s->arena, &s->variables, s->n_variables++, sizeof(*v));
                v->name = arena_strndup(s->arena, name, n);
        }
        v->value = value;
}

/* DESTDIR is the image that a hook fills: what is in there is looked at as it will be. */
static const char *value_of(const struct shell_state *s, const char *name, size_t n)
{
        const struct shell_variable *v = find(s, name, n);

        return v ? (v->value.known ? v->value.text : NULL) : n == 7 && startswith(name, "DESTDIR") ? "" : NULL;
}

/* Doubt begins at a word that is not known. */
static struct shell_text expand(struct shell_state *s, const struct shell_word *w)
{
        struct shell_text as_is = {.text = w->text};
        char value[LINE_MAX_ + 1];
        size_t n = 0;
        bool known = !w->strange;

        if (!spend(s, strlen(w->text) + 1))
                return as_is;
        for (const char *c = w->text; *c && known;) {
                bool braces = startswith(c, "${");
                size_t length = *c == '$' ? shell_name_length(c + 1 + braces) : 1;
                const char *part = *c == '$' ? value_of(s, c + 1 + braces, length) : c;
                size_t size = *c == '$' && part ? strlen(part) : 1;

                known = part && (w->quoted || *c != '$' || !strpbrk(part, GLOB));
                s->too_long |= n + size > LINE_MAX_;
                if (!known || !spend(s, size))
                        break;
                memcpy(value + n, part, size);
                n += size;
                c += *c == '$' ? 1 + length + 2 * (size_t)braces : 1;
        }
        s->doubt |= !known;
        return known ? (struct shell_text){arena_strndup(s->arena, value, n), true} : as_is;
}

/* ---- the prerequisites ---------------------------------------------------------------------------------------------
 */

static size_t past_answer(const struct shell_state *s, size_t at)
{
        at = past_separators(s, at);
        while (is(s, at, "echo") || is(s, at, "prereqs")) {
                while (at < s->words.n && !is_op(s, at))
                        at++;
                at = past_separators(s, at);
        }
        return at;
}

/* prereqs() { echo "$PREREQ"; }; 0: it is another. */
static size_t past_function(const struct shell_state *s, size_t at)
{
        if (!is(s, at, "prereqs") || !is(s, at + 1, "(") || !is(s, at + 2, ")"))
                return 0;
        at = past_separators(s, at + 3);
        if (!is(s, at, "{"))
                return 0;
        at = past_answer(s, at + 1);
        return is(s, at, "}") ? at + 1 : 0;
}

/* case $1 in prereqs) prereqs; exit 0;; esac */
static size_t past_question(const struct shell_state *s, size_t at)
{
        if (!is(s, at, "case") || at + 2 >= s->words.n || !is(s, at + 2, "in") ||
            (!streq(s->words.v[at + 1].text, "$1") && !streq(s->words.v[at + 1].text, "${1}")))
                return 0;
        at = past_separators(s, at + 3);
        at += is(s, at, "(");
        if (!is(s, at, "prereqs") || !is(s, at + 1, ")"))
                return 0;
        at = past_answer(s, at + 2);
        if (!is(s, at, "exit") || !is(s, at + 1, "0"))
                return 0;
        at = past_separators(s, at + 2);
        if (!is(s, at, ";;"))
                return 0;
        at = past_separators(s, at + 1);
        return is(s, at, "esac") ? at + 1 : 0;
}

static bool skip_prereqs(struct shell_state *s)
{
        size_t at = past_function(s, s->at);

        if (at == 0)
                at = past_question(s, s->at);
        if (at == 0 || !spend(s, at - s->at))
                return false;
        s->at = at;
        return true;
}

/* ---- loops ---------------------------------------------------------------------------------------------------------
 */

/* The "done" of what begins at at; the number of words: there is none. */
static size_t find_done(struct shell_state *s, size_t at)
{
        size_t depth = 1;

        for (; at < s->words.n && spend(s, 1); at++) {
                if (!is_op(s, at - 1))
                        continue;
                depth += is(s, at, "do");
                depth -= is(s, at, "done");
                if (depth == 0)
                        return at;
        }
        return s->words.n;
}

static void add_values(struct shell_state *s, const struct shell_word *w, struct strings *values)
{
        struct shell_text text = expand(s, w);
        const char **parts = &text.text;
        size_t n = 1;

        if (!text.known)
                return;
        if (!w->quoted)
                str_words(s->arena, text.text, &parts, &n);
        s->too_long |= values->n + n > SHELL_LIST_MAX;
        for (size_t i = 0; i < n && !s->too_long; i++)
                strings_add(s->arena, values, parts[i]);
}

/* "for NAME in WORD...; do" */
static void begin_loop(struct shell_state *s)
{
        struct shell_loop loop = {};
        size_t at = s->at + 3, name = s->at + 1;
        bool doubted = s->doubt, known;

        if (!is(s, s->at + 2, "in") || is_op(s, name)) {
                s->doubt = true;
                s->at++;
                return;
        }
        s->doubt = false;
        for (; at < s->words.n && !is_op(s, at); at++)
                add_values(s, &s->words.v[at], &loop.values);
        known = !s->doubt && loop.values.n > 0 && is_separator(s, at) && s->depth < SHELL_DEPTH;
        at = past_separators(s, at);
        loop.start = at + 1;
        loop.end = known && is(s, at, "do") ? find_done(s, loop.start) : s->words.n;
        known &= loop.end < s->words.n;
        s->doubt = doubted || !known || !is_separator(s, loop.end + 1);
        s->at = at;
        loop.name = s->words.v[name].text;
        set(s, loop.name, strlen(loop.name), (struct shell_text){known ? loop.values.v[0] : "", known});
        if (!known)
                return;
        s->loops[s->depth++] = loop;
        s->at = loop.start;
}

static bool end_loop(struct shell_state *s)
{
        struct shell_loop *loop = s->depth > 0 ? &s->loops[s->depth - 1] : NULL;

        if (!loop || s->at != loop->end)
                return false;
        if (++loop->i < loop->values.n && spend(s, strlen(loop->values.v[loop->i]) + 1)) {
                set(s, loop->name, strlen(loop->name), (struct shell_text){loop->values.v[loop->i], true});
                s->at = loop->start;
        } else {
                s->depth--;
                s->at++;
        }
        return true;
}

/* ---- commands ------------------------------------------------------------------------------------------------------
 */

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
        return str_index(word, list, n) >= 0;
}

/* Those of the shell that a command can be behind. */
static bool skip_keyword(struct shell_state *s)
{
        static const char *const keywords[] = {"if",   "then", "else", "elif", "fi",   "while", "until", "do",
                                               "done", "{",    "}",    "!",    "esac", "sudo",  "time"};

        if (s->words.v[s->at].quoted || !is_one_of(s->words.v[s->at].text, keywords, ARRAY_SIZE(keywords)))
                return false;
        s->doubt = true;
        s->at++;
        return true;
}

static void add_word(struct shell_state *s, struct shell_command *ret, const struct shell_word *w)
{
        struct shell_text *slot;

        s->too_long |= ret->n == SHELL_LIST_MAX;
        if (s->too_long)
                return;
        slot = arena_grow(s->arena, &ret->words, ret->n++, sizeof(*slot));
        *slot = expand(s, w);
}

static void redirect(struct shell_state *s, struct shell_command *ret)
{
        const char *op = s->words.v[s->at++].text;

        s->doubt |= *op == '<' || (*op == '>' && ret->target.text) || s->at >= s->words.n || is_op(s, s->at);
        if (s->at >= s->words.n || is_op(s, s->at))
                return;
        if (*op == '>')
                ret->target = expand(s, &s->words.v[s->at]);
        s->at++;
}

/* "|| true" says that nothing follows from a failure. */
static bool is_no_matter(const struct shell_state *s, size_t at)
{
        return is(s, at, "||") && (is(s, at + 1, "true") || is(s, at + 1, ":")) && is_separator(s, at + 2);
}

/* Words up to the next operator. */
static void gather(struct shell_state *s, struct shell_command *ret)
{
        *ret = (struct shell_command){.line = s->words.v[s->at].line};
        for (; s->at < s->words.n && !s->too_long;) {
                const struct shell_word *w = &s->words.v[s->at];

                if (w->op && !strchr("<>2", *w->text))
                        break;
                if (w->op)
                        redirect(s, ret);
                else {
                        add_word(s, ret, w);
                        s->at++;
                }
        }
        if (is_no_matter(s, s->at))
                s->at += 2;
        s->doubt |= !is_separator(s, s->at);
}

/* NAME=VALUE in front of a command, or without one. */
static void assign(struct shell_state *s, struct shell_command *c)
{
        bool any = false;

        for (; c->n > 0; c->words++, c->n--) {
                const char *word = c->words->text;
                size_t n = shell_name_length(word);

                if (n == 0 || word[n] != '=')
                        break;
                s->doubt |= n == 3 && startswith(word, "IFS");
                set(s, word, n, (struct shell_text){word + n + 1, c->words->known});
                any = true;
        }
        s->doubt |= any && (c->n > 0 || c->target.text);
}

/* They leave the shell's variables and the order of its commands as they are. */
static bool is_harmless(const struct shell_command *c)
{
        static const char *const names[] = {"echo",  "printf", "modprobe", "insmod", "true",    "sleep",
                                            "mkdir", "mount",  "cat",      "chmod",  "udevadm", "logger",
                                            "dmesg", "ls",     "cp",       "test",   "[",       "lspci"};

        return is_one_of(str_basename(c->words->text), names, ARRAY_SIZE(names));
}

bool shell_state_next(struct shell_state *s, struct shell_command *ret)
{
        while (!s->too_long && s->at < s->words.n && spend(s, 1)) {
                if (is_op(s, s->at) && !strchr("<>2", *s->words.v[s->at].text)) {
                        s->doubt |= !is_separator(s, s->at);
                        s->at++;
                } else if (end_loop(s) || skip_prereqs(s)) {
                        continue;
                } else if (is(s, s->at, "for")) {
                        begin_loop(s);
                } else if (!skip_keyword(s)) {
                        gather(s, ret);
                        assign(s, ret);
                        s->doubt |= ret->n > 0 ? !is_harmless(ret) : ret->target.text != NULL;
                        if (ret->n > 0 && !s->too_long)
                                return true;
                }
        }
        return false;
}
