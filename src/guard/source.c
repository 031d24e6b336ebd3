/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/source.h"

#include "base/str.h"
#include "config/files.h"

enum source guard_read(const struct graph *g, const char *path, char **ret)
{
        size_t size;

        return root_look(g->root, g->arena, path, ret, &size);
}

enum source guard_list(const struct graph *g, const char *path, const char ***ret, size_t *ret_n)
{
        return root_look_in(g->root, g->arena, path, ret, ret_n);
}

const char *guard_config(struct graph *g, const char *path, bool listed)
{
        struct diags diags = {.arena = g->arena};
        enum config_read k;
        size_t size;
        char *text;

        k = (enum config_read)config_file_read(g->root, g->arena, path, &(struct config_kind){"", ""}, &diags, &text,
                                               &size);
        if (k == CONFIG_READ_MASKED || (k == CONFIG_READ_ABSENT && !listed))
                return "";
        if (k == CONFIG_READ_OK && strlen(text) == size && text[size - 1] == '\n')
                return text;
        guard_unknown(g, &g->evidence->network_unknown,
                      k == CONFIG_READ_OK ? "%s is no text, or does not end with a line end" : "%s cannot be read",
                      path);
        return "";
}

const char *guard_table(struct graph *g, const char *path)
{
        char *text;
        enum source source = guard_read(g, path, &text);

        if (source == SOURCE_ABSENT || (source == SOURCE_READ && (!*text || text[strlen(text) - 1] == '\n')))
                return text;
        guard_unknown(g, &g->evidence->network_unknown, "%s cannot be read to its end", path);
        return "";
}

const char *guard_in_root(const struct graph *g, const char *path)
{
        return g->facts->in_initrd ? arena_join(g->arena, g->facts->initrd->root, path, NULL) : path;
}

const char *guard_link(const struct graph *g, int dir_fd, const char *dir, const char *name, char buf[static PATH_MAX])
{
        ssize_t n = dir_fd < 0 ? dir_fd : dir_readlink(dir_fd, name, buf, PATH_MAX);

        root_note(g->root, ASKED_LINK, dir, name, n);
        if (n < 0)
                *buf = '\0';
        return buf;
}
