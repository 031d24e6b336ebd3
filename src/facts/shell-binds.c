/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/shell-binds.h"

#include <ctype.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "facts/shell-state.h"

#define OVERRIDE "/driver_override"
#define NEW_ID   "/drivers/vfio-pci/new_id"
#define BIND     "/drivers/vfio-pci/bind"

struct binds {
        struct arena *arena;
        struct shell_state state;
        struct strings lines;
        struct shell_bind *v;
        size_t n;
};

bool shell_is_vfio_pci(const char *word)
{
        return cmdline_name_is(word, "vfio-pci");
}

static void doubt_all(struct binds *b)
{
        for (size_t i = 0; i < b->n; i++)
                if (b->v[i].sense == SHELL_NAMED)
                        b->v[i].sense = SHELL_CONDITION;
}

static struct shell_bind *find(const struct binds *b, const char *address, const char *ids, unsigned line)
{
        for (size_t i = 0; i < b->n; i++)
                if (streq_ptr(b->v[i].address, address) && streq_ptr(b->v[i].ids, ids) &&
                    (address || ids || b->v[i].line == line))
                        return &b->v[i];
        return NULL;
}

/* The last of two for the same device tells whether it comes to that. */
static void add(struct binds *b, const struct shell_command *c, const char *address, const char *ids, bool known,
                bool override)
{
        struct shell_bind *bind = find(b, address, ids, c->line);
        bool fresh = !bind;

        b->state.too_long |= fresh && b->n == SHELL_LIST_MAX;
        if (b->state.too_long)
                return;
        if (fresh) {
                bind = arena_grow(b->arena, &b->v, b->n++, sizeof(*bind));
                *bind = (struct shell_bind){.line = c->line, .text = "", .address = address, .ids = ids};
                if (c->line <= b->lines.n)
                        bind->text = b->lines.v[c->line - 1];
        }
        bind->override = override && (fresh || bind->override);
        bind->sense = !address && !ids ? SHELL_UNNAMED : known && !b->state.doubt ? SHELL_NAMED : SHELL_CONDITION;
}

/* As sysfs names PCI functions, with the domain: a file of another name is not there. */
static const char *sysfs_address(const char *word)
{
        size_t colons = 0;

        for (const char *c = word; *c; c++)
                colons += *c == ':';
        return colons == 2 && strchr(word, '.') && !word[strspn(word, "0123456789abcdef:.")] ? word : NULL;
}

/* "10de 1b80", as new_id takes it, to "10de:1b80"; NULL: it is none. */
static const char *ids_of(struct arena *a, const char *value)
{
        const char **words, *ids = "";
        uint32_t number;
        size_t n;

        str_words(a, value, &words, &n);
        for (size_t i = 0; i < n && i < 6; i++) {
                if (!str_to_u32(startswith(words[i], "0x") ? words[i] + 2 : words[i], 16, &number))
                        return NULL;
                ids = arena_join(a, ids, i > 0 ? ":" : "", words[i], NULL);
        }
        return n >= 2 ? ids : NULL;
}

/* What echo and printf say, less the newline behind it. */
static struct shell_text said(struct binds *b, const struct shell_command *c)
{
        size_t from = c->n > 1 && streq(c->words[1].text, "-n") ? 2 : 1, n;
        struct strings parts = {};
        bool known = true;
        char *text;

        for (size_t i = from; i < c->n; i++) {
                strings_add(b->arena, &parts, i > from ? " " : "");
                strings_add(b->arena, &parts, c->words[i].text);
                known &= c->words[i].known;
        }
        text = strings_text(b->arena, &parts);
        n = strlen(text);
        if (n > 1 && streq(text + n - 2, "\\n"))
                text[n - 2] = '\0';
        return (struct shell_text){str_trim(text), known && *text != '-' && !strpbrk(text, "\\%")};
}

/* A bind that somebody takes back is none. */
static void take_back(struct binds *b, const char *address)
{
        struct shell_bind *bind = find(b, address, NULL, 0);

        if (bind && b->state.doubt)
                bind->sense = SHELL_CONDITION;
        else if (bind && bind->override) {
                memmove(bind, bind + 1, (size_t)(b->v + b->n - bind - 1) * sizeof(*bind));
                b->n--;
        }
}

/* "/sys/bus/pci/devices/0000:42:00.0/driver_override" */
static void written_override(struct binds *b, const struct shell_command *c, const char *target,
                             const struct shell_text *value)
{
        const char *end = target + strlen(target) - strlen(OVERRIDE), *start = end, *address = NULL;
        bool other = value->known && !streq(value->text, "vfio-pci");

        while (start > target && start[-1] != '/')
                start--;
        if (startswith(target, "/sys/"))
                address = sysfs_address(arena_strndup(b->arena, start, (size_t)(end - start)));
        if (!address)
                doubt_all(b);
        if (!other)
                add(b, c, address, NULL, value->known, true);
        else if (address)
                take_back(b, address);
}

static bool is_about_binding(const char *path)
{
        return strstr(path, "driver_override") || strstr(path, "/drivers/vfio-pci/");
}

/* What is written into a file: value is not known where a program does it that is not understood. */
static void written(struct binds *b, const struct shell_command *c, const struct shell_text *target,
                    const struct shell_text *value)
{
        const char *path = target->text;

        if (target->known && endswith(path, OVERRIDE))
                written_override(b, c, path, value);
        else if (target->known && endswith(path, NEW_ID))
                add(b, c, NULL, value->known ? ids_of(b->arena, value->text) : NULL, true, false);
        else if (target->known && endswith(path, BIND))
                add(b, c, value->known ? sysfs_address(value->text) : NULL, NULL, true, false);
        else if (is_about_binding(path)) {
                doubt_all(b);
                if (!value->known || streq(value->text, "vfio-pci"))
                        add(b, c, NULL, NULL, false, false);
        } else if (!target->known && value->known && streq(value->text, "vfio-pci"))
                add(b, c, NULL, NULL, false, false);
}

/* "modprobe vfio-pci ids=10de:1b80", or such a line that goes into modprobe.d. */
static void given(struct binds *b, const struct shell_command *c, const struct shell_text *line, bool known)
{
        const char **words;
        bool vfio = false;
        size_t n;

        if (!strstr(line->text, "vfio") || !strstr(line->text, "ids="))
                return;
        if (!line->known) {
                add(b, c, NULL, NULL, false, false);
                return;
        }
        str_words(b->arena, line->text, &words, &n);
        for (size_t i = 0; i < n; i++) {
                vfio |= shell_is_vfio_pci(words[i]) || endswith(words[i], "/vfio-pci.ko");
                if (!vfio || !startswith(words[i], "ids="))
                        continue;
                for (char *rest = arena_strdup(b->arena, words[i] + strlen("ids=")), *ids; (ids = strsep(&rest, ","));)
                        if (*ids)
                                add(b, c, NULL, ids, known, false);
        }
}

static struct shell_text whole(struct binds *b, const struct shell_command *c)
{
        struct strings parts = {};
        bool known = true;

        for (size_t i = 0; i < c->n; i++) {
                strings_add(b->arena, &parts, c->words[i].text);
                strings_add(b->arena, &parts, " ");
                known &= c->words[i].known;
        }
        return (struct shell_text){strings_text(b->arena, &parts), known};
}

static void look_at(struct binds *b, const struct shell_command *c)
{
        const char *name = str_basename(c->words->text);
        struct shell_text text = whole(b, c), unknown = {.text = ""};
        bool says = streq(name, "echo") || streq(name, "printf"),
             loads = streq(name, "modprobe") || streq(name, "insmod");

        if (says && c->target.text) {
                text = said(b, c);
                written(b, c, &c->target, &text);
                given(b, c, &text, c->target.known && strstr(c->target.text, "/modprobe.d/"));
                return;
        }
        if (c->target.text)
                written(b, c, &c->target, &unknown);
        if (streq(name, "tee"))
                written(b, c, &c->words[c->n - 1], &unknown);
        else if (loads || (b->state.doubt && !says))
                given(b, c, &text, loads && !strstr(text.text, " -r ") && !strstr(text.text, " -n "));
        /* A script of its own, and what is text to this one. */
        if ((strchr(c->words->text, '/') && startswith(name, "vfio")) ||
            ((streq(name, "eval") || streq(name, "sh")) && is_about_binding(text.text)))
                written(b, c, &(struct shell_text){.text = OVERRIDE}, &unknown);
}

bool shell_binds_read(struct arena *a, const char *text, struct shell_bind **ret, size_t *ret_n)
{
        struct binds b = {.arena = a};
        struct shell_command c;
        char *rest, *line;

        *ret = NULL;
        *ret_n = 0;
        shell_state_begin(&b.state, a, text);
        if (b.state.too_long)
                return false;
        for (rest = arena_strdup(a, text); (line = strsep(&rest, "\n"));)
                strings_add(a, &b.lines, str_printable(a, str_trim(line)));
        while (shell_state_next(&b.state, &c))
                look_at(&b, &c);
        if (b.state.too_long)
                return false;
        *ret = b.v;
        *ret_n = b.n;
        return true;
}
