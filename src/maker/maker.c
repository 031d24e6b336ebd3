/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/maker.h"

#include <fnmatch.h>
#include <ftw.h>
#include <stdio.h>

#include "base/program.h"
#include "base/str.h"

int maker_run(struct arena *a, const char **argv, const char **ret_wrong)
{
        const char *name = argv[0], *said;
        int k;

        argv[0] = program_find(a, name);
        if (!argv[0]) {
                *ret_wrong = arena_join(a, name, " is not there", NULL);
                return 0;
        }
        k = program_run(argv, a, &said);
        if (k > 0)
                *ret_wrong = arena_printf(a, "%s failed with status %d%s%s", name, k, *said ? "\n" : "", said);
        return k < 0 ? k : 0;
}

const char *maker_image_name(struct arena *a, const char *pattern, const char *release)
{
        int star = (int)(strchr(pattern, '*') - pattern);

        return arena_printf(a, "%.*s%s%s", star, pattern, release, pattern + star + 1);
}

struct glob {
        const struct root *root;
        struct arena *arena;
        const char **paths;
        size_t n;
};

/* pattern: of the names in dir, and what is below them. */
static void glob_below(struct glob *g, const char *dir, const char *pattern)
{
        size_t length = strcspn(pattern, "/"), n;
        const char *name = arena_strndup(g->arena, pattern, length), **names;

        if (root_list(g->root, g->arena, dir, &names, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                const char *path = arena_join(g->arena, dir, "/", names[i], NULL);

                if (fnmatch(name, names[i], 0) != 0)
                        continue;
                if (pattern[length])
                        glob_below(g, path, pattern + length + 1);
                else
                        str_add(g->arena, &g->paths, &g->n, path);
        }
}

void maker_parts(const struct root *root, struct arena *a, const struct initrd *initrd, const char ***ret,
                 size_t *ret_n)
{
        struct glob g = {.root = root, .arena = a};

        for (const char *const *p = initrd->parts; *p; p++) {
                const char *first = *p;

                /* Up to the first wildcard there is nothing to search. */
                for (const char *c = *p; *c && !strchr("*?[", *c); c++)
                        if (*c == '/')
                                first = c;
                glob_below(&g, arena_strndup(a, *p, (size_t)(first - *p)), first + 1);
        }
        *ret = g.paths;
        *ret_n = g.n;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
        (void)st;
        (void)flag;
        (void)ftw;
        return remove(path);
}

void maker_remove(const char *directory)
{
        nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
