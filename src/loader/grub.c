/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What grub-mkconfig reads and writes. The settings are shell: what cannot be told from their text is told from the
 * entries that came of them. Debian reads /etc/default/grub, then grub.d/...cfg by name (grub-mkconfig.in there);
 * 10_linux puts GRUB_CMDLINE_LINUX into every entry, and ..._DEFAULT behind it into those that are not for recovery.
 */
#include <errno.h>

#include "base/str.h"
#include "loader/loader.h"

#define VARIABLE "GRUB_CMDLINE_LINUX"

bool grub_token_is_plain(const char *token)
{
        return *token &&
               token[strspn(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:=/+@%^")] ==
                       '\0';
}

static const char header[] =
        "# Written by passthroughctl apply from /etc/passthrough.d; undone by passthroughctl undo.\n";

char *grub_dropin(struct arena *a, const char *const *tokens, size_t n)
{
        char *line = span_with(a, (struct span){"", 0}, tokens, n);

        return line ? arena_join(a, header, VARIABLE "=\"$" VARIABLE " ", line, "\"\n", NULL) : NULL;
}

bool grub_dropin_is_ours(const char *text)
{
        return startswith(text, header);
}

/* NAME= or NAME+= at the line's beginning: where its value stands, quotes and all; whether it adds. */
static bool assignment(struct span line, const char *name, struct span *value, bool *adds)
{
        size_t n = strlen(name);

        while (line.length > 0 && (*line.at == ' ' || *line.at == '\t')) {
                line.at++;
                line.length--;
        }
        if (line.length > 7 && startswith(line.at, "export ")) {
                line.at += 7;
                line.length -= 7;
        }
        if (line.length <= n || memcmp(line.at, name, n) != 0)
                return false;
        *adds = line.at[n] == '+';
        n += *adds;
        if (n >= line.length || line.at[n] != '=')
                return false;
        *value = (struct span){line.at + n + 1, line.length - n - 1};
        return true;
}

/* What is between the quotes, or the bare word; false where it does not end on this line, or more comes behind. */
static bool unquoted(struct span value, struct span *ret, bool *ret_bare)
{
        char quote = value.length > 0 ? *value.at : '\0';
        size_t n = 0;

        *ret_bare = quote != '"' && quote != '\'';
        if (*ret_bare) {
                while (n < value.length && !strchr(" \t\r#;\"'`$\\&|()<>", value.at[n]))
                        n++;
                *ret = (struct span){value.at, n};
        } else {
                for (n = 1; n < value.length && value.at[n] != quote; n++)
                        if (quote == '"' && value.at[n] == '\\')
                                n++;
                if (n >= value.length)
                        return false;
                *ret = (struct span){value.at + 1, n - 1};
                n++;
        }
        while (n < value.length && strchr(" \t\r", value.at[n]))
                n++;
        return n == value.length || value.at[n] == '#';
}

/* What a variable holds behind all settings, as far as the text tells: values that begin with the variable add. */
static void value_of(const struct boot_facts *facts, struct arena *a, const char *name, const char **ret)
{
        const char *self = arena_join(a, "$", name, NULL), *braced = arena_join(a, "${", name, "}", NULL);

        *ret = "";
        for (size_t i = 0; i < facts->n_defaults; i++) {
                const char *text = facts->defaults[i].text;
                struct span line, value, inner;
                bool adds, bare;

                while (text && span_line(&text, &line)) {
                        if (!assignment(line, name, &value, &adds) || !unquoted(value, &inner, &bare))
                                continue;
                        adds = adds || span_has(inner, self) || span_has(inner, braced);
                        *ret = arena_join(a, adds ? *ret : "", " ", arena_strndup(a, inner.at, inner.length) ?: "",
                                          NULL);
                }
        }
}

int grub_place(const struct boot_facts *facts, struct arena *a, const char *token, enum grub_place *ret)
{
        const char *all, *normal;

        value_of(facts, a, VARIABLE, &all);

        value_of(facts, a, VARIABLE "_DEFAULT", &normal);
        *ret = span_has((struct span){all, strlen(all)}, token)         ? GRUB_EVERY_ENTRY
               : span_has((struct span){normal, strlen(normal)}, token) ? GRUB_NORMAL_ENTRIES
                                                                        : GRUB_NOWHERE;
        return 0;
}

void grub_settings_length(const struct boot_facts *facts, struct arena *a, size_t *ret)
{
        static const char *const names[] = {VARIABLE, VARIABLE "_DEFAULT"};
        struct boot_file *files = arena_alloc(a, (facts->n_defaults + 1) * sizeof(*files));
        struct boot_facts all = *facts;

        if (facts->n_defaults > 0)
                memcpy(files, facts->defaults, facts->n_defaults * sizeof(*files));
        files[all.n_defaults++] = facts->dropin;
        all.defaults = files;
        *ret = 0;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct span line, t;
                const char *value;

                value_of(&all, a, names[i], &value);
                line = (struct span){value, strlen(value)};
                while (span_token(&line, &t))
                        *ret += memchr(t.at, '$', t.length) ? 0 : t.length + 1;
        }
}

bool grub_uses_entries(const char *text)
{
        struct span line, value, inner;
        bool adds, bare, on = false;

        while (text && span_line(&text, &line))
                if (assignment(line, "GRUB_ENABLE_BLSCFG", &value, &adds) && unquoted(value, &inner, &bare))
                        on = span_is(inner, "true");
        return on;
}

char *grub_edit(struct arena *a, const char *text, const char *const *add, size_t n_add, const char *const *drop,
                size_t n_drop, unsigned *ret_line)
{
        struct span line, value, last = {}, inner;
        unsigned n = 0, last_line = 0;
        const char *rest = text;
        bool adds, bare;
        char *edited;

        *ret_line = 0;
        while (span_line(&rest, &line)) {
                n++;
                if (assignment(line, VARIABLE, &value, &adds)) {
                        last = value;
                        last_line = n;
                }
        }
        if (!last.at) {
                edited = span_with(a, (struct span){"", 0}, add, n_add);
                return edited ? arena_join(a, text, *text && text[strlen(text) - 1] != '\n' ? "\n" : "", VARIABLE "=\"",
                                           edited, "\"\n", NULL)
                              : NULL;
        }
        if (!unquoted(last, &inner, &bare)) {
                *ret_line = last_line;
                return NULL;
        }
        edited = span_without(a, inner, drop, n_drop);
        edited = edited ? span_with(a, (struct span){edited, strlen(edited)}, add, n_add) : NULL;
        if (edited && bare)
                edited = arena_join(a, "\"", edited, "\"", NULL);
        return edited ? span_replace(a, text, inner, edited) : NULL;
}

/* What is between the first quotes of a menuentry. */
static struct span title_of(struct span line)
{
        const char *from = memchr(line.at, '\'', line.length), *other = memchr(line.at, '"', line.length), *to;

        if (!from || (other && other < from))
                from = other;
        to = from ? memchr(from + 1, *from, line.length - (size_t)(from + 1 - line.at)) : NULL;
        return to ? (struct span){from + 1, (size_t)(to - from) - 1} : line;
}

/* line: behind the command. GRUB puts BOOT_IMAGE= in front of the kernel's name, and one blank between two words. */
static void judge_length(const struct boot_facts *facts, struct span title, struct span line, bool wanted,
                         struct arena *a, struct boot_verdict *v)
{
        const char *copy = arena_strndup(a, line.at, line.length), *what;
        size_t length = copy ? strlen("BOOT_IMAGE=") + span_characters(copy) : 0;
        enum line_fit fit = line_fits(length);

        what = arena_printf(a, "%s: \"%.*s\"", facts->grub_cfg.path, (int)title.length, title.at);
        if (fit == LINE_TOO_LONG && wanted) {
                str_add(a, &v->lacking, &v->n_lacking, line_too_long(a, what, length));
                return;
        }
        if (fit == LINE_FITS)
                return;
        str_add(a, &v->notes, &v->n_notes,
                fit == LINE_TOO_LONG ? line_too_long(a, what, length) : line_nearly_too_long(a, what, length));
}

static void judge(const struct boot_facts *facts, struct span title, struct span line, const char *const *tokens,
                  const enum grub_place *places, size_t n, struct arena *a, struct boot_verdict *v)
{
        bool recovery = span_has(line, "single") || span_has(line, "recovery");

        judge_length(facts, title, line, n > 0, a, v);

        v->n_entries++;
        for (size_t i = 0; i < n; i++)
                if (!span_has(line, tokens[i]) && !(recovery && places[i] == GRUB_NORMAL_ENTRIES))
                        str_add(a, &v->lacking, &v->n_lacking,
                                arena_printf(a, "%s: \"%.*s\" has no %s", facts->grub_cfg.path, (int)title.length,
                                             title.at, tokens[i]));
}

/* Entries of other systems (30_os-prober) and the administrator's own (40_custom) are none of ours. */
int grub_verify(const struct boot_facts *facts, const char *const *tokens, size_t n_tokens, struct arena *a,
                struct boot_verdict *v)
{
        enum grub_place *places = arena_alloc(a, n_tokens * sizeof(*places));
        const char *text = facts->grub_cfg.text ? facts->grub_cfg.text : "";
        bool ours = !strstr(text, "### BEGIN ");
        struct span line, title = {"", 0}, word;
        int k = 0;

        for (size_t i = 0; k == 0 && i < n_tokens; i++)
                k = grub_place(facts, a, tokens[i], &places[i]);
        while (k == 0 && span_line(&text, &line)) {
                if (line.length > 10 && startswith(line.at, "### BEGIN ")) {
                        const char *script = "### BEGIN /etc/grub.d/10_linux";

                        ours = line.length >= strlen(script) && startswith(line.at, script);
                }
                if (!ours || !span_token(&line, &word))
                        continue;
                if (span_is(word, "menuentry"))
                        title = title_of(line);
                else if (span_is(word, "linux") || span_is(word, "linuxefi") || span_is(word, "linux16"))
                        judge(facts, title, line, tokens, places, n_tokens, a, v);
        }
        if (k == 0 && v->n_entries == 0 && n_tokens > 0)
                str_add(a, &v->lacking, &v->n_lacking,
                        arena_printf(a, "%s: there is no entry of /etc/grub.d/10_linux in it", facts->grub_cfg.path));
        return k;
}
