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

static bool same(const struct shell_bind *x, const struct shell_bind *y)
{
        return x->sense == y->sense && streq_ptr(x->address, y->address) && streq_ptr(x->ids, y->ids) &&
               (x->sense == SHELL_NAMED || x->line == y->line);
}

static void add(struct binds *b, const struct shell_command *c, const char *address, const char *ids)
{
        struct shell_bind bind = {.line = c->line, .address = address, .ids = ids}, *slot;

        bind.sense = !address && !ids ? SHELL_UNNAMED : shell_state_doubts(&b->state) ? SHELL_CONDITION : SHELL_NAMED;
        bind.text = c->line <= b->lines.n ? b->lines.v[c->line - 1] : "";
        for (size_t i = 0; i < b->n; i++)
                if (same(&b->v[i], &bind))
                        return;
        slot = arena_grow(b->arena, &b->v, b->n, sizeof(*slot));
        *slot = bind;
        b->n++;
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

/* What echo and printf say; "" is a value, too. */
static bool said(struct binds *b, const struct shell_command *c, struct strings *ret)
{
        const char *text = "";

        for (size_t i = 1; i < c->words.n; i++)
                if (i > 1 || *c->words.v[i] != '-')
                        text = arena_join(b->arena, text, *text ? " " : "", c->words.v[i], NULL);
        return shell_state_expand(&b->state, text, ret);
}

static bool says_vfio_pci(struct binds *b, const struct shell_command *c, bool *ret_known)
{
        struct strings values = {};

        *ret_known = said(b, c, &values);
        for (size_t i = 0; *ret_known && i < values.n; i++) {
                char *value = arena_strdup(b->arena, values.v[i]);
                size_t n = strlen(value);

                if (n > 1 && streq(value + n - 2, "\\n")) /* printf's */
                        value[n - 2] = '\0';
                if (streq(str_trim(value), "vfio-pci"))
                        return true;
        }
        return false;
}

/* "/sys/bus/pci/devices/0000:42:00.0/driver_override" */
static void written_override(struct binds *b, const struct shell_command *c, const char *target)
{
        const char *end = target + strlen(target) - strlen(OVERRIDE), *start = end;

        while (start > target && start[-1] != '/')
                start--;
        add(b, c, sysfs_address(arena_strndup(b->arena, start, (size_t)(end - start))), NULL);
}

static void written(struct binds *b, const struct shell_command *c, const char *target)
{
        bool known, vfio = says_vfio_pci(b, c, &known);
        struct strings values = {};

        if (endswith(target, OVERRIDE) && (vfio || !known))
                written_override(b, c, known ? target : OVERRIDE);
        if (!endswith(target, NEW_ID) && !endswith(target, BIND))
                return;
        if (!said(b, c, &values))
                add(b, c, NULL, NULL);
        for (size_t i = 0; i < values.n; i++)
                if (endswith(target, NEW_ID))
                        add(b, c, NULL, ids_of(b->arena, values.v[i]));
                else
                        add(b, c, sysfs_address(values.v[i]), NULL);
}

static void redirected(struct binds *b, const struct shell_command *c, const char *target)
{
        struct strings targets = {};
        bool known;

        if (shell_state_expand(&b->state, target, &targets))
                for (size_t i = 0; i < targets.n; i++)
                        written(b, c, targets.v[i]);
        else if (strstr(target, "driver_override") || strstr(target, "vfio-pci/") || says_vfio_pci(b, c, &known))
                add(b, c, NULL, NULL);
}

/* "modprobe vfio-pci ids=10de:1b80", or such a line that goes into modprobe.d. */
static void given(struct binds *b, const struct shell_command *c, const char *text)
{
        const char **words;
        bool vfio = false;
        size_t n;

        str_words(b->arena, text, &words, &n);
        for (size_t i = 0; i < n; i++) {
                vfio |= shell_is_vfio_pci(words[i]) || endswith(words[i], "/vfio-pci.ko");
                if (!vfio || !startswith(words[i], "ids="))
                        continue;
                for (char *rest = arena_strdup(b->arena, words[i] + strlen("ids=")), *ids; (ids = strsep(&rest, ","));)
                        if (*ids)
                                add(b, c, NULL, ids);
        }
}

static void all_words(struct binds *b, const struct shell_command *c)
{
        const char *text = "";
        struct strings texts = {};

        for (size_t i = 0; i < c->words.n; i++)
                text = arena_join(b->arena, text, i > 0 ? " " : "", c->words.v[i], NULL);
        if (!strstr(text, "ids="))
                return;
        if (shell_state_expand(&b->state, text, &texts))
                for (size_t i = 0; i < texts.n; i++)
                        given(b, c, texts.v[i]);
        else if (strstr(text, "vfio"))
                add(b, c, NULL, NULL);
}

static void look_at(struct binds *b, const struct shell_command *c, const struct shell_command *before)
{
        size_t tee = c->words.n > 0 && streq(c->words.v[0], "sudo") ? 1 : 0;

        if (c->words.n == 0)
                return;
        if (c->target)
                redirected(b, c, c->target);
        if (streq(c->before, "|") && c->words.n > tee + 1 && streq(c->words.v[tee], "tee"))
                redirected(b, before, c->words.v[c->words.n - 1]);
        if (strchr(c->words.v[0], '/') && startswith(str_basename(c->words.v[0]), "vfio"))
                add(b, c, NULL, NULL); /* a script of its own */
        all_words(b, c);
}

void shell_binds_read(struct arena *a, const char *text, struct shell_bind **ret, size_t *ret_n)
{
        struct binds b = {.arena = a};
        struct shell_command c = {}, before = {};
        char *rest = arena_strdup(a, text), *line;

        while ((line = strsep(&rest, "\n")))
                strings_add(a, &b.lines, str_printable(a, str_trim(line)));
        shell_state_begin(&b.state, a, text);
        while (shell_state_next(&b.state, &c)) {
                look_at(&b, &c, &before);
                before = c;
        }
        /* What is in which block is not known. */
        for (size_t i = 0; shell_state_lost(&b.state) && i < b.n; i++)
                b.v[i].sense = b.v[i].sense == SHELL_NAMED ? SHELL_CONDITION : b.v[i].sense;
        *ret = b.v;
        *ret_n = b.n;
}
