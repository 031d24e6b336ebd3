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

enum hook {
        HOOK_NONE,
        HOOK_PLUGIN,  /* of kernel-install: nobody runs it where a kernel's package runs another's script */
        HOOK_PACKAGE, /* what a kernel's package runs itself */
};

/*
 * A hook without what it runs does nothing: packages leave theirs behind. Two makers may have a program of one name for
 * it: each is a script, and names the one that it runs.
 */
static bool does_run(const struct root *root, struct arena *a, const struct maker *m)
{
        enum source source;
        char *text;
        size_t size;

        if (!m->called)
                return first_of(root, m->programs);
        source = root_look(root, a, m->called, &text, &size);
        return source == SOURCE_UNREADABLE || (source == SOURCE_READ && strstr(text, str_basename(m->programs[0])));
}

static enum hook hook_of(const struct root *root, struct arena *a, const struct maker *m, const char **ret)
{
        *ret = first_of(root, m->hooks);
        if (!*ret || !does_run(root, a, m))
                return HOOK_NONE;
        return strstr(*ret, "/postinst.d/") ? HOOK_PACKAGE : HOOK_PLUGIN;
}

/* The first that is there, and before it the first that kernels' installations call as well. */
static const struct maker *choose(const struct root *root, struct arena *a, const struct maker *const *table,
                                  enum hook *ret)
{
        const struct maker *found = NULL;
        bool there = false;
        const char *path;

        *ret = HOOK_NONE;
        for (; *table; table++) {
                enum hook hook;

                if (!(*table)->build)
                        continue;
                found = found ? found : *table;
                if (!program_of(root, a, *table))
                        continue;
                hook = hook_of(root, a, *table, &path);
                if (there && hook <= *ret)
                        continue;
                found = *table;
                there = true;
                *ret = hook;
        }
        return found;
}

/* Notes another maker that is there, and its hook if that counts as much as this one's or more. */
static void look_at_other(struct makers *t, const struct root *root, struct arena *a, const struct maker *m,
                          enum hook hook)
{
        const char *program = program_of(root, a, m), *path;
        enum hook own = hook_of(root, a, m, &path);

        t->other = t->other ? t->other : program;
        if (own == HOOK_NONE || own < hook)
                return;
        t->other_hook = t->other_hook ? t->other_hook : path;
        if (own > hook)
                t->hook = false;
}

void makers_find(const struct maker *const *table, const struct initrd *const *initrds, const struct root *root,
                 struct arena *a, struct makers *ret)
{
        enum hook hook;
        const struct maker *maker = choose(root, a, table, &hook);
        const char **parts;
        size_t n;

        maker_parts(root, a, maker->initrd, &parts, &n);
        *ret = (struct makers){
                .table = table,
                .initrds = initrds,
                .maker = maker,
                .program = program_of(root, a, maker),
                .hook = hook != HOOK_NONE,
                .part = n > 0,
        };
        for (; *table; table++)
                if (*table != maker)
                        look_at_other(ret, root, a, *table, hook);
}
