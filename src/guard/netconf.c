/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/netconf.h"

#include <errno.h>
#include <stdlib.h>

#include "guard/fields.h"
#include "guard/source.h"

bool netconf_runs(struct netconf *d, const char *const *marks, size_t n)
{
        char target[8];

        for (size_t i = 0; i < n; i++) {
                ssize_t k = root_readlink(d->g->root, marks[i], target, sizeof(target));
                bool there = k >= 0 || k == -EINVAL || k == -ENAMETOOLONG;

                if (there || guard_exists(d->g, marks[i]))
                        return true;
        }
        return false;
}

void netconf_bridge(struct netconf *d, const char *line)
{
        static const struct {
                const char *begin;
                bool port;
        } lines[] = {{"bridge_ports none", false},
                     {"bridge-ports none", false},
                     {"bridges:", false},
                     {"Kind=bridge", false},
                     {"type=bridge", false},
                     {"interfaces:", true},
                     {"Bridge=", true},
                     {"port-type=bridge", true},
                     {"slave-type=bridge", true}};

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                if (startswith(line, lines[i].begin)) {
                        d->bridge |= !lines[i].port;
                        d->ports |= lines[i].port;
                }
}

bool netconf_setting(struct graph *g, const char **text, struct setting *s)
{
        const char *end, *line;

        while ((line = guard_line(text, &end))) {
                char *copy = arena_strndup(g->arena, line, (size_t)(end - line)), *equals;

                copy = str_trim(copy);
                while (*copy && copy[strlen(copy) - 1] == '\\' && (line = guard_line(text, &end))) {
                        copy[strlen(copy) - 1] = ' ';
                        copy = arena_join(g->arena, copy, arena_strndup(g->arena, line, (size_t)(end - line)), NULL);
                }
                if (*copy == '[')
                        s->section = arena_strndup(g->arena, copy + 1, strcspn(copy + 1, "]"));
                if (strchr("#;[", *copy) || !(equals = strchr(copy, '=')))
                        continue;
                *equals = '\0';
                s->key = str_trim(copy);
                s->value = str_trim(equals + 1);
                return true;
        }
        return false;
}

static int by_name(const void *a, const void *b)
{
        return strcmp(((const struct netconf_file *)a)->name, ((const struct netconf_file *)b)->name);
}

void netconf_files(struct graph *g, const char *const *dirs, size_t n_dirs, const char *suffix,
                   struct netconf_file **ret, size_t *ret_n)
{
        const char **names;
        size_t n, known;

        *ret = NULL;
        *ret_n = 0;
        for (size_t i = 0; i < n_dirs; i++) {
                if (guard_list(g, dirs[i], &names, &n) == SOURCE_UNREADABLE)
                        guard_unknown(g, &g->evidence->network_unknown, "%s cannot be read", dirs[i]);
                for (size_t k = 0; k < n; k++) {
                        for (known = 0; known < *ret_n && !streq((*ret)[known].name, names[k]);)
                                known++;
                        if (known < *ret_n || !endswith(names[k], suffix))
                                continue;
                        *(struct netconf_file *)arena_grow(g->arena, ret, (*ret_n)++, sizeof(**ret)) =
                                (struct netconf_file){names[k], arena_join(g->arena, dirs[i], "/", names[k], NULL)};
                }
        }
        if (*ret_n > 0)
                qsort(*ret, *ret_n, sizeof(**ret), by_name);
}
