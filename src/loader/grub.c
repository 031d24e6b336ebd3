/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings are shell: what cannot be told from their text is told from the entries that came of them. */
#include "loader/grub.h"

#include "base/str.h"
#include "loader/length.h"

#define VARIABLE     "GRUB_CMDLINE_LINUX"
#define SETTINGS_DIR "/etc/default/grub.d"

/* Where a token stands among the settings: GRUB_CMDLINE_LINUX, or the variable of normal entries alone. */
enum place {
        NOWHERE,
        EVERY_ENTRY,
        NORMAL_ENTRIES,
};

/* ---- what there is -------------------------------------------------------------------------------------------------
 */

bool grub_has_menu(struct probe *p)
{
        const char **names;
        size_t n;

        if (p->exists(p, "/boot/grub/grub.cfg") || p->exists(p, "/boot/grub2/grub.cfg"))
                return true;
        if (p->list(p, GRUB_ON_ESP, &names, &n) < 0)
                return false;
        for (size_t i = 0; i < n; i++)
                if (p->exists(p, arena_join(p->arena, GRUB_ON_ESP "/", names[i], "/grub.cfg", NULL)))
                        return true;
        return false;
}

bool grub_may_boot(struct detector *d)
{
        return (!d->info || startswith(d->info, GRUB_INFO)) && grub_has_menu(d->probe);
}

bool grub_is_debian(const struct probe *p)
{
        return p->exists(p, "/usr/sbin/update-grub") || p->exists(p, "/etc/debian_version");
}

/* grub.d is read by Debian's grub-mkconfig only. */
int grub_read_settings(struct detector *d)
{
        const char **names = NULL;
        size_t n = 0;
        int k = boot_read(d, GRUB_SETTINGS, true);

        if (k == 0 && grub_is_debian(d->probe))
                k = d->probe->list(d->probe, SETTINGS_DIR, &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++) {
                const char *path = arena_join(d->probe->arena, SETTINGS_DIR "/", names[i], NULL);

                if (!streq(path, GRUB_DROPIN) && endswith(path, ".cfg"))
                        k = boot_read(d, path, false);
        }
        return k;
}

int grub_read_debian(struct detector *d)
{
        int k = grub_read_settings(d);

        return k == 0 ? boot_read(d, GRUB_DROPIN, false) : k;
}

bool grub_has_settings(struct boot_facts *facts)
{
        if (boot_text(facts, GRUB_SETTINGS))
                return true;
        facts->problem = "there is a grub.cfg, but no " GRUB_SETTINGS " to make it";
        return false;
}

/* ---- settings ------------------------------------------------------------------------------------------------------
 */

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

/* What a variable holds behind those settings, as far as the text tells: values that begin with the variable add. */
static const char *value_of(const struct boot_facts *facts, struct arena *a, const char *name, bool dropin)
{
        const char *self = arena_join(a, "$", name, NULL), *braced = arena_join(a, "${", name, "}", NULL), *all = "";

        for (size_t i = 0; i < facts->n_files; i++) {
                const char *text = facts->files[i].text, *path = facts->files[i].path;
                struct span line, value, inner;
                bool adds, bare;

                if (!startswith(path, GRUB_SETTINGS) || (!dropin && streq(path, GRUB_DROPIN)))
                        continue;
                while (text && span_line(&text, &line)) {
                        if (!assignment(line, name, &value, &adds) || !unquoted(value, &inner, &bare))
                                continue;
                        adds = adds || span_has(inner, self) || span_has(inner, braced);
                        all = arena_join(a, adds ? all : "", " ", arena_strndup(a, inner.at, inner.length), NULL);
                }
        }
        return all;
}

static enum place place_of(const struct boot_facts *facts, struct arena *a, const char *token)
{
        return span_has(span_of(value_of(facts, a, VARIABLE, false)), token)              ? EVERY_ENTRY
               : span_has(span_of(value_of(facts, a, VARIABLE "_DEFAULT", false)), token) ? NORMAL_ENTRIES
                                                                                          : NOWHERE;
}

void grub_lengths(const struct boot_facts *facts, struct arena *a, struct lengths *ret)
{
        static const char *const names[] = {VARIABLE, VARIABLE "_DEFAULT"};
        size_t length = 0;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct span line = span_of(value_of(facts, a, names[i], true)), t;

                while (span_token(&line, &t))
                        length += memchr(t.at, '$', t.length) ? 0 : t.length + 1;
        }
        length_add(a, ret, VARIABLE, length);
}

/* What the shell puts in for a "$" does not show, and is none of these words. */
void grub_lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret)
{
        static const char *const names[] = {VARIABLE, VARIABLE "_DEFAULT"};
        const char *all = "";

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct span line = span_of(value_of(facts, a, names[i], true)), t;

                while (span_token(&line, &t))
                        if (!memchr(t.at, '$', t.length))
                                all = arena_join(a, all, *all ? " " : "", arena_strndup(a, t.at, t.length), NULL);
        }
        boot_line_add(a, ret, GRUB_SETTINGS, all, false);
}

const char *grub_default(const struct boot_facts *facts, struct arena *a)
{
        const char *value = value_of(facts, a, "GRUB_DEFAULT", false);

        while (*value == ' ')
                value++;
        return strchr(value, '$') || strchr(value, '`') ? NULL : *value ? value : "0";
}

bool grub_setting_is(const char *text, const char *name, const char *wanted)
{
        struct span line, value, inner;
        bool adds, bare, is = false;

        while (text && span_line(&text, &line))
                if (assignment(line, name, &value, &adds) && unquoted(value, &inner, &bare))
                        is = span_is(inner, wanted);
        return is;
}

bool grub_uses_entries(const char *text)
{
        return grub_setting_is(text, "GRUB_ENABLE_BLSCFG", "true");
}

struct strings grub_missing(struct boot_planner *p)
{
        struct strings missing = {};

        for (size_t i = 0; i < p->plan->tokens.n; i++) {
                const char *token = p->plan->tokens.v[i];
                enum place place = place_of(p->facts, p->arena, token);

                if (place == NOWHERE)
                        strings_add(p->arena, &missing, token);
                if (place == NORMAL_ENTRIES)
                        boot_plan_note(p, arena_join(p->arena, token,
                                                     " is in GRUB_CMDLINE_LINUX_DEFAULT already, so entries for "
                                                     "recovery do not have it",
                                                     NULL));
        }
        return missing;
}

bool grub_plan_dropin(struct boot_planner *p)
{
        static const char header[] =
                "# Written by passthroughctl apply from /etc/passthrough.d; undone by passthroughctl undo.\n";
        const char *old = boot_text(p->facts, GRUB_DROPIN), *new = NULL;
        struct strings missing = grub_missing(p);

        if (old && !startswith(old, header))
                return boot_plan_problem(p, GRUB_DROPIN " is there, and was not written by passthroughctl: rename it");
        if (missing.n > 0)
                new = arena_join(p->arena, header, "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX ",
                                 span_with(p->arena, span_of(""), missing), "\"\n", NULL);
        boot_plan_add(p, GRUB_DROPIN, old, new, missing);
        return true;
}

/* GRUB_CMDLINE_LINUX= edited in place. NULL with *ret_line where that line cannot be edited safely. */
static char *edit(struct arena *a, const char *text, struct strings add, struct strings drop, unsigned *ret_line)
{
        struct span line, value, last = {}, inner;
        const char *rest = text;
        bool adds, bare;
        unsigned n = 0;
        char *edited;

        while (span_line(&rest, &line)) {
                n++;
                if (assignment(line, VARIABLE, &value, &adds)) {
                        last = value;
                        *ret_line = n;
                }
        }
        if (!last.at && add.n == 0)
                return arena_strdup(a, text);
        if (!last.at)
                return arena_join(a, text, *text && text[strlen(text) - 1] != '\n' ? "\n" : "", VARIABLE "=\"",
                                  span_with(a, span_of(""), add), "\"\n", NULL);
        if (!unquoted(last, &inner, &bare))
                return NULL;
        edited = span_without(a, inner, drop);
        edited = span_with(a, span_of(edited), add);
        if (bare)
                edited = arena_join(a, "\"", edited, "\"", NULL);
        return span_replace(a, text, inner, edited);
}

bool grub_plan_settings(struct boot_planner *p)
{
        const char *old = boot_text(p->facts, GRUB_SETTINGS), *new;
        struct strings missing = grub_missing(p), drop = boot_plan_stale(p, GRUB_SETTINGS);
        unsigned line;

        if (missing.n == 0 && drop.n == 0)
                return true;
        new = edit(p->arena, old, missing, drop, &line);
        if (!new)
                return boot_plan_problem(
                        p,
                        arena_printf(
                                p->arena,
                                GRUB_SETTINGS
                                ":%u: GRUB_CMDLINE_LINUX= does not end on its line and cannot be edited; write it as "
                                "GRUB_CMDLINE_LINUX=\"...\"",
                                line));
        boot_plan_add(p, GRUB_SETTINGS, old, new, missing);
        return true;
}

char *grub_settings_without(struct arena *a, const char *text, struct strings tokens)
{
        unsigned line;

        return edit(a, text, (struct strings){}, tokens, &line);
}

/* ---- the menu ------------------------------------------------------------------------------------------------------
 */

/* What is between the first quotes of a menuentry. */
static struct span title_of(struct span line)
{
        const char *from = memchr(line.at, '\'', line.length), *other = memchr(line.at, '"', line.length), *to;

        if (!from || (other && other < from))
                from = other;
        to = from ? memchr(from + 1, *from, line.length - (size_t)(from + 1 - line.at)) : NULL;
        return to ? (struct span){from + 1, (size_t)(to - from) - 1} : line;
}

/* The state of one verification. */
struct judge {
        const struct boot_facts *facts;
        struct arena *arena;
        struct boot_verdict *verdict;
        struct strings tokens;
        const enum place *places; /* of the tokens */
};

/* line: behind the command. GRUB puts BOOT_IMAGE= in front of the kernel's name, and one blank between two words. */
static void judge_length(struct judge *x, const char *what, struct span line)
{
        size_t length = strlen("BOOT_IMAGE=") + span_characters(arena_strndup(x->arena, line.at, line.length));
        struct boot_verdict *v = x->verdict;
        enum length_fit fit = length_fits(length);

        if (fit == LENGTH_TOO_LONG && x->tokens.n > 0)
                strings_add(x->arena, &v->lacking, length_text(x->arena, what, length));
        else if (fit != LENGTH_FITS)
                strings_add(x->arena, &v->notes, length_text(x->arena, what, length));
}

static void judge(struct judge *x, struct span title, struct span line)
{
        const char *what = arena_printf(x->arena, "%s: \"%.*s\"", x->facts->menu.path, (int)title.length, title.at);
        bool recovery = span_has(line, "single") || span_has(line, "recovery");
        struct boot_verdict *v = x->verdict;

        judge_length(x, what, line);
        v->n_entries++;
        for (size_t i = 0; i < x->tokens.n; i++)
                if (!span_has(line, x->tokens.v[i]) && !(recovery && x->places[i] == NORMAL_ENTRIES))
                        strings_add(x->arena, &v->lacking,
                                    arena_printf(x->arena, "%s has no %s", what, x->tokens.v[i]));
}

/* A walk through a menu's commands. */
struct menu {
        const char *text; /* the rest */
        bool ours;
        struct span title; /* of the entry */
};

static struct menu menu_of(const struct boot_facts *facts)
{
        const char *text = facts->menu.text ? facts->menu.text : "";

        return (struct menu){text, !strstr(text, "### BEGIN "), {"", 0}};
}

/*
 * The next command of our entries, and its line behind it. Entries of other systems (30_os-prober) and the
 * administrator's own (40_custom) are none of ours.
 */
static bool next_command(struct menu *m, struct span *ret, struct span *ret_line)
{
        static const char script[] = "### BEGIN /etc/grub.d/10_linux";

        while (span_line(&m->text, ret_line)) {
                if (ret_line->length > 10 && startswith(ret_line->at, "### BEGIN "))
                        m->ours = ret_line->length >= strlen(script) && startswith(ret_line->at, script);
                if (!m->ours || !span_token(ret_line, ret))
                        continue;
                if (!span_is(*ret, "menuentry"))
                        return true;
                m->title = title_of(*ret_line);
        }
        return false;
}

/* The id of a menuentry, as 10_linux has it; else its title. */
static struct span id_of(struct span line)
{
        static const char option[] = "$menuentry_id_option ";
        const char *at = memmem(line.at, line.length, option, strlen(option));
        size_t n = at ? (size_t)(at - line.at) + strlen(option) : 0;

        return title_of((struct span){line.at + n, line.length - n});
}

/* Where a walk through all of a menu is: the numbers of the submenu, and in it. */
struct place_in_menu {
        unsigned top, below;
        bool submenu, entry;
};

/* The number that GRUB_DEFAULT has for a line's entry, "2" or "1>0"; NULL: the line is none. */
static const char *number_of(struct place_in_menu *x, struct arena *a, struct span word)
{
        if (span_is(word, "}")) {
                x->submenu &= x->entry;
                x->entry = false;
        } else if (span_is(word, "submenu")) {
                x->submenu = true;
                x->below = 0;
                x->top++;
        } else if (span_is(word, "menuentry")) {
                x->entry = true;
                return x->submenu ? arena_printf(a, "%u>%u", x->top - 1, x->below++) : arena_printf(a, "%u", x->top++);
        }
        return NULL;
}

/* The title of the entry that boots if nobody chooses another, where it stands in the menu; false: it is not known. */
static bool find_default(const struct boot_facts *facts, struct arena *a, struct span *ret)
{
        const char *text = facts->menu.text, *want = grub_default(facts, a), *last = want ? strrchr(want, '>') : NULL;
        struct place_in_menu place = {};
        struct span line, rest, word;

        while (want && text && span_line(&text, &line)) {
                const char *number;

                rest = line;
                if (place.submenu && span_token(&rest, &word) && span_is(word, "submenu"))
                        return false; /* their numbers are not told apart here */
                rest = line;
                number = span_token(&rest, &word) ? number_of(&place, a, word) : NULL;
                if (!number)
                        continue;
                *ret = title_of(line);
                if (streq(number, want) || span_is(*ret, last ? last + 1 : want) ||
                    span_is(id_of(line), last ? last + 1 : want))
                        return true;
        }
        return false;
}

/* BIOS and UEFI had commands of their own. */
static bool is_command(struct span word, const char *name)
{
        size_t n = strlen(name);

        return word.length >= n && memcmp(word.at, name, n) == 0 &&
               (word.length == n || (word.length == n + 2 && memcmp(word.at + n, "16", 2) == 0) ||
                (word.length == n + 3 && memcmp(word.at + n, "efi", 3) == 0));
}

/* Another system, Windows say, is no boot of a kernel. */
static bool loads_kernel(const char *entry)
{
        struct span line, word;

        while (span_line(&entry, &line) && line.length > 0 && *line.at != '}')
                if (span_token(&line, &word) && is_command(word, "linux"))
                        return true;
        return false;
}

static void mark_next(const struct boot_facts *facts, struct arena *a, struct boot_kernels *kernels,
                      const char *const *titles)
{
        struct span next;
        bool any = false;

        if (!find_default(facts, a, &next))
                return;
        for (size_t i = 0; i < kernels->n; i++) {
                kernels->v[i].next = titles[i] == next.at ? KNOWN_YES : KNOWN_NO;
                any |= titles[i] == next.at;
        }
        if (!any && loads_kernel(next.at))
                kernels->elsewhere = arena_printf(a, "%s: \"%.*s\"", facts->menu.path, (int)next.length, next.at);
}

void grub_verify(const struct boot_facts *facts, struct strings tokens, struct arena *a, struct boot_verdict *v)
{
        enum place *places = arena_alloc(a, tokens.n * sizeof(*places));
        struct judge x = {facts, a, v, tokens, places};
        struct menu menu = menu_of(facts);
        struct span line, word;

        for (size_t i = 0; i < tokens.n; i++)
                places[i] = place_of(facts, a, tokens.v[i]);
        while (next_command(&menu, &word, &line))
                if (is_command(word, "linux"))
                        judge(&x, menu.title, line);
        if (v->n_entries == 0 && tokens.n > 0)
                strings_add(a, &v->lacking,
                            arena_printf(a, "%s: there is no entry of /etc/grub.d/10_linux in it", facts->menu.path));
}

const char *grub_path(struct arena *a, struct span word)
{
        bool quoted = word.length > 2 && strchr("\"'", *word.at) && word.at[word.length - 1] == *word.at;

        return arena_strndup(a, word.at + quoted, word.length - 2 * quoted);
}

void grub_kernels(const struct boot_facts *facts, struct arena *a, struct boot_kernels *ret)
{
        struct menu menu = menu_of(facts);
        const char *title = NULL, **titles = NULL; /* of the last kernel's entry, and of all */
        struct span line, word, path;

        while (next_command(&menu, &word, &line)) {
                if (is_command(word, "linux") && span_token(&line, &path)) {
                        title = menu.title.at;
                        *(const char **)arena_grow(a, &titles, ret->n, sizeof(*titles)) = title;
                        boot_kernel_add(a, ret,
                                        arena_printf(a, "%s: \"%.*s\"", facts->menu.path, (int)menu.title.length,
                                                     menu.title.at))
                                ->path = grub_path(a, path);
                }
                /* What the shell puts in for a "$" is beside the image. */
                while (is_command(word, "initrd") && title == menu.title.at && ret->n > 0 && span_token(&line, &path))
                        if (*path.at != '$')
                                strings_add(a, &ret->v[ret->n - 1].beside, grub_path(a, path));
        }
        mark_next(facts, a, ret, titles);
}
