/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/makers.h"

#include "base/program.h"
#include "base/str.h"

static const char *first_of(const struct root *root, const char *const *paths)
{
        while (*paths && !root_exists(root, *paths))
                paths++;
        return *paths;
}

/* What is built here is built by the one that $PATH has; elsewhere, and of a captured machine, by the usual one. */
static const char *program_of(const struct root *root, struct arena *a, const struct maker *m)
{
        const char *usual = first_of(root, m->programs);

        return root->live && m->build ? program_find(a, str_basename(m->programs[0])) : usual;
}

/* The first that is there, and before it the first that kernels' installations call as well. */
static const struct maker *choose(const struct root *root, struct arena *a, const struct maker *const *table)
{
        const struct maker *first = NULL, *there = NULL;

        for (; *table; table++) {
                const struct maker *m = *table;

                if (!m->build)
                        continue;
                first = first ? first : m;
                if (!program_of(root, a, m))
                        continue;
                if (first_of(root, m->hooks))
                        return m;
                there = there ? there : m;
        }
        return there ? there : first;
}

void makers_find(const struct maker *const *table, const struct initrd *const *initrds, const struct root *root,
                 struct arena *a, struct makers *ret)
{
        const struct maker *maker = choose(root, a, table);
        const char **parts;
        size_t n;

        maker_parts(root, a, maker->initrd, &parts, &n);
        *ret = (struct makers){
                .table = table,
                .initrds = initrds,
                .maker = maker,
                .program = program_of(root, a, maker),
                .hook = first_of(root, maker->hooks),
                .part = n > 0,
        };
        for (; *table; table++) {
                if (*table == maker)
                        continue;
                ret->other = ret->other ? ret->other : program_of(root, a, *table);
                ret->other_hook = ret->other_hook ? ret->other_hook : first_of(root, (*table)->hooks);
        }
}
