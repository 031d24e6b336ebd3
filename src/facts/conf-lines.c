/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/conf-lines.h"

#include "base/str.h"

static void add(struct arena *a, struct conf_lines *lines, const char *file, char *text, unsigned number)
{
        struct conf_line *line = arena_grow(a, &lines->v, lines->n, sizeof(*line));

        *line = (struct conf_line){file, text, number};
        lines->n++;
}

void conf_lines_of(const struct root *root, struct arena *a, const char *file, struct conf_lines *lines)
{
        const char *written, *at;
        unsigned number = 1;
        char *text, *start, *line;
        size_t size;

        if (root_look(root, a, file, &text, &size) == SOURCE_UNREADABLE)
                return add(a, lines, file, NULL, 0);
        start = text;
        written = at = text ? arena_strdup(a, text) : NULL;
        for (char *s = text; (s = strstr(s, "\\\n"));)
                s[0] = s[1] = ' ';
        while ((line = strsep(&text, "\n"))) {
                for (; at < written + (line - start); at++)
                        number += *at == '\n';
                add(a, lines, file, str_trim(line), number);
        }
}

void conf_lines_in(const struct root *root, struct arena *a, const char *const *dirs, const char *suffix,
                   struct conf_lines *lines)
{
        struct strings seen = {};
        const char **names;
        size_t n;

        for (; *dirs; dirs++) {
                if (root_look_in(root, a, *dirs, &names, &n) == SOURCE_UNREADABLE)
                        add(a, lines, *dirs, NULL, 0);
                for (size_t i = 0; i < n; i++) {
                        if (!endswith(names[i], suffix) || str_index(names[i], seen.v, seen.n) >= 0)
                                continue;
                        strings_add(a, &seen, names[i]);
                        conf_lines_of(root, a, arena_join(a, *dirs, "/", names[i], NULL), lines);
                }
        }
}

void conf_lines_modprobe(const struct root *root, struct arena *a, struct conf_lines *lines)
{
        static const char *const dirs[] = {"/etc/modprobe.d",     "/run/modprobe.d", "/usr/local/lib/modprobe.d",
                                           "/usr/lib/modprobe.d", "/lib/modprobe.d", NULL};

        conf_lines_in(root, a, dirs, ".conf", lines);
        conf_lines_in(root, a, dirs, ".alias", lines); /* an old name, which libkmod reads to this day */
}
