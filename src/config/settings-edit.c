/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/settings-edit.h"

#include <inttypes.h>

#include "base/str.h"
#include "config/ini.h"

/* The lines of a file, as this change sees them; lines are counted from 1. */
struct survey {
        struct arena *arena;
        const struct huge_pages *pages;
        unsigned first; /* of the section of this moment; 0: it is none of [HugePages] */
        unsigned found; /* the section for that size; 0: there is none */
        unsigned size_line;
        unsigned *counts; /* lines with Count= and Nodes= in [HugePages] */
        unsigned *of;     /* beside them, the section's line */
        size_t n, n_of;
};

static void on_section(void *data, unsigned line, const char *name)
{
        struct survey *s = data;

        s->first = streq(name, "HugePages") ? line : 0;
}

/* 1024M is 1G. */
static bool same_size(struct arena *a, const char *value, uint64_t size)
{
        char *text = arena_join(a, "[HugePages]\nSize=", value, "\nCount=1\n", NULL);
        const struct settings_file file = {"", text, strlen(text)};
        struct diags diags = {.arena = a};
        struct settings settings;

        settings_read(a, &diags, &file, 1, &settings);
        return settings.n_pages == 1 && settings.pages[0].size == size;
}

static void on_assign(void *data, unsigned line, const char *section, const char *name, const char *value)
{
        struct survey *s = data;

        (void)section;
        if (s->first == 0)
                return;
        if (streq(name, "Size") && same_size(s->arena, value, s->pages->size)) {
                s->found = s->first;
                s->size_line = line;
        }
        if (!streq(name, "Count") && !streq(name, "Nodes"))
                return;
        *(unsigned *)arena_grow(s->arena, &s->counts, s->n++, sizeof(*s->counts)) = line;
        *(unsigned *)arena_grow(s->arena, &s->of, s->n_of++, sizeof(*s->of)) = s->first;
}

static bool is_count(const struct survey *s, unsigned line)
{
        for (size_t i = 0; i < s->n; i++)
                if (s->counts[i] == line && s->of[i] == s->found)
                        return true;
        return false;
}

const char *settings_pages_line(struct arena *a, const struct huge_pages *pages)
{
        const char *line = pages->has_count ? arena_printf(a, "Count=%" PRIu64, pages->count) : "Nodes=";

        for (size_t i = 0; i < pages->n_nodes; i++)
                line = arena_printf(a, "%s%s%u:%" PRIu64, line, i ? " " : "", pages->nodes[i].node,
                                    pages->nodes[i].count);
        return line;
}

static const char *with_section(struct arena *a, const char *text, const struct huge_pages *pages)
{
        size_t n = strlen(text);

        return arena_join(a, text, n > 0 && text[n - 1] != '\n' ? "\n" : "", n > 0 ? "\n" : "",
                          "[HugePages]\nSize=", pages->name, "\n", settings_pages_line(a, pages), "\n", NULL);
}

const char *settings_with_pages(struct arena *a, const char *text, const struct huge_pages *pages)
{
        struct survey s = {.arena = a, .pages = pages};
        struct ini_handler handler = {.section = on_section, .assign = on_assign, .data = &s};
        struct diags diags = {.arena = a};
        const char *out = "", *line = text;
        bool put = false, goes_on = false;

        ini_parse("", arena_strdup(a, text), strlen(text), &diags, &handler);
        if (s.found == 0)
                return with_section(a, text, pages);
        for (unsigned number = 1; *line; number++) {
                size_t n = strcspn(line, "\n");
                bool old = goes_on || is_count(&s, number);
                const char *copy = arena_strndup(a, line, n + (line[n] == '\n'));

                goes_on = old && n > 0 && line[n - 1] == '\\';
                if (!old)
                        out = arena_join(a, out, copy, NULL);
                if (!put && (old || (number == s.size_line && s.n == 0))) {
                        out = arena_join(a, out, settings_pages_line(a, pages), "\n", NULL);
                        put = true;
                }
                line += strlen(copy);
        }
        return out;
}
