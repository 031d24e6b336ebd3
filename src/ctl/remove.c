/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remove: a rule taken away, with a copy kept; one that came with a package is masked. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "config/files.h"
#include "ctl/edit.h"
#include "ctl/kept.h"
#include "ctl/situation.h"
#include "ctl/tell.h"
#include "report/json.h"

#define FILE_MAX ((size_t)4 * 1024 * 1024)

struct removal {
        struct ctl *c;
        const char *files[CONFIG_PLACES]; /* by rank; the first is that of /etc */
        bool masked[CONFIG_PLACES];
        const char *dropins;          /* NAME.conf.d in /etc */
        bool dropins_linked;          /* it is a link: what it leads to is somebody else's */
        const char **names;           /* paths of what is in it */
        const char **left, *kept_dir; /* files of no kind that can be kept; where the copies go */
        size_t n_names, n_left;
        struct removed done;
};

static bool shows(const struct removal *x)
{
        return !x->c->json;
}

/* ---- what there is -------------------------------------------------------------------------------------------------
 */

/* The names of all rules there are, and the one that is nearest. */
static int no_such_rule(struct ctl *c, const char *name)
{
        static const struct config_kind kind = {"rule", "a file NAME.conf for each rule"};
        struct diags theirs = {.arena = &c->arena};
        struct config_files files = {};
        const char **names, *nearest = NULL;
        size_t length = strlen(name);

        for (size_t i = 0; i < CONFIG_DIRECTORIES; i++)
                config_files_collect(&c->root, &c->arena, config_directories[i], i, &kind, &theirs, &files, NULL);
        names = arena_alloc(&c->arena, (files.n + 1) * sizeof(*names));
        for (size_t i = 0; i < files.n; i++) {
                names[i] = arena_strndup(&c->arena, files.v[i].name, strlen(files.v[i].name) - strlen(".conf"));
                if (length > 5 && streq(name, files.v[i].name))
                        nearest = names[i];
        }
        if (!nearest)
                nearest = str_nearest(name, names, files.n);
        if (nearest)
                return ctl_usage("there is no rule \"%s\"; is \"%s\" meant?", name, nearest);
        return ctl_usage("there is no rule \"%s\"; passthroughctl status shows the rules", name);
}

/* Whether a file is there to mask those behind it. */
static int is_mask(struct ctl *c, const char *path, bool *ret)
{
        static const struct config_kind kind = {"rule", "a file NAME.conf for each rule"};
        struct diags theirs = {.arena = &c->arena};
        char *text;
        size_t size;
        int k = config_file_read(&c->root, &c->arena, path, &kind, &theirs, &text, &size);

        *ret = k == CONFIG_READ_MASKED;
        return k < 0 ? k : 0;
}

static int look(struct removal *x, const char *name)
{
        struct ctl *c = x->c;
        char target[PATH_MAX];
        int k = 0;

        edit_find(c, name, x->files);
        for (size_t i = 0; k == 0 && i < CONFIG_PLACES; i++)
                if (x->files[i])
                        k = is_mask(c, x->files[i], &x->masked[i]);
        x->dropins = arena_join(&c->arena, RULES_DIR "/", name, ".conf.d", NULL);
        x->dropins_linked = k == 0 && root_readlink(&c->root, x->dropins, target, sizeof(target)) >= 0;
        if (k == 0 && !x->dropins_linked)
                k = root_list(&c->root, &c->arena, x->dropins, &x->names, &x->n_names);
        for (size_t i = 0; k == 0 && i < x->n_names; i++)
                x->names[i] = arena_join(&c->arena, x->dropins, "/", x->names[i], NULL);
        return k < 0 ? ctl_fail(name, k) : 0;
}

/* The first file behind that of /etc, which would come to light without it; NULL where that masks, too. */
static const char *behind(const struct removal *x)
{
        for (size_t i = 1; i < CONFIG_PLACES; i++)
                if (x->files[i])
                        return x->masked[i] ? NULL : x->files[i];
        return NULL;
}

/* ---- keeping -------------------------------------------------------------------------------------------------------
 */

static char *copy_of(struct removal *x, const char *path)
{
        return arena_join(&x->c->arena, x->kept_dir, path + strlen(RULES_DIR), NULL);
}

static int keep_link(struct removal *x, const char *path)
{
        struct ctl *c = x->c;
        char *copy = copy_of(x, path), target[PATH_MAX];
        int k = (int)root_readlink(&c->root, path, target, sizeof(target));

        if (k >= 0)
                k = file_make_parents(&c->root, copy);
        return k < 0 ? k : root_symlink(&c->root, target, copy);
}

enum {
        NO_FILE = 1,
};

/* A copy of what is in a file, or where a link leads that leads to none. 0, -errno, or NO_FILE: it is neither. */
static int keep(struct removal *x, const char *path)
{
        struct ctl *c = x->c;
        char *copy = copy_of(x, path), *data;
        struct stat st;
        size_t size;
        int k = root_read_all(&c->root, &c->arena, path, FILE_MAX, &data, &size);

        if (k == -EISDIR || k == -EINVAL || k == -EFBIG)
                return NO_FILE;
        if (k == -ENOENT || k == -ELOOP)
                return keep_link(x, path);
        if (k == 0)
                k = file_stat(&c->root, path, &st);
        if (k == 0)
                k = file_make_parents(&c->root, copy);
        return k == 0 ? file_write(&c->root, copy, data, size, &st) : k;
}

static void say_removed(struct removal *x, const char *path)
{
        if (shows(x))
                tell_row(x->c, x->c->dry_run ? "Would remove" : "Removed", path);
        str_add(&x->c->arena, &x->done.files, &x->done.n_files, path);
}

/* Copies of all, before anything goes. */
static int keep_all(struct removal *x, const char *rule)
{
        struct ctl *c = x->c;
        size_t n = 0;
        int k = rule ? keep(x, rule) : 0;

        if (k == NO_FILE)
                return -EISDIR;
        for (size_t i = 0; k == 0 && i < x->n_names; i++) {
                const char *path = x->names[i];

                k = keep(x, path);
                if (k == 0)
                        x->names[n++] = path;
                if (k == NO_FILE) {
                        str_add(&c->arena, &x->left, &x->n_left, path);
                        k = 0;
                }
        }
        x->n_names = n;
        if (k == 0 && x->dropins_linked)
                k = keep_link(x, x->dropins);
        if (k == 0 && (rule || n > 0 || x->dropins_linked))
                x->done.kept = x->kept_dir;
        return k;
}

/* ---- removing ------------------------------------------------------------------------------------------------------
 */

static int mask(struct removal *x, const char *name, const char *of)
{
        struct ctl *c = x->c;
        char *path = arena_join(&c->arena, RULES_DIR "/", name, ".conf", NULL);
        int k = 0;

        if (!c->dry_run)
                k = file_make_parents(&c->root, path);
        if (k == 0 && !c->dry_run)
                k = root_symlink(&c->root, "/dev/null", path);
        x->done.mask = path;
        if (k == 0 && shows(x))
                tell_row(c, c->dry_run ? "Would mask" : "Masked",
                         arena_join(&c->arena, of, ", with the link ", path, " to /dev/null", NULL));
        return k;
}

/* The rule's file first: drop-ins of a rule that is not there do nothing, and a rule without them is another. */
static int take_away(struct removal *x, const char *name, const char *rule)
{
        struct ctl *c = x->c;
        const char *of = behind(x);
        int k = 0;

        if (rule)
                say_removed(x, rule);
        if (of)
                k = mask(x, name, of);
        else if (rule && !c->dry_run)
                k = file_remove(&c->root, rule);
        for (size_t i = 0; k == 0 && i < x->n_names; i++) {
                say_removed(x, x->names[i]);
                if (k == 0 && !c->dry_run)
                        k = file_remove(&c->root, x->names[i]);
        }
        if (k == 0 && x->dropins_linked)
                say_removed(x, x->dropins);
        if (k == 0 && !c->dry_run)
                k = x->dropins_linked ? file_remove(&c->root, x->dropins) : file_remove_directory(&c->root, x->dropins);
        return k;
}

static void tell(const struct removal *x, const char *name)
{
        struct ctl *c = x->c;
        struct arena *a = &c->arena;

        for (size_t i = 0; i < x->n_left; i++)
                ctl_error("%s is not a file, and stays", x->left[i]);
        if (!shows(x))
                return;
        if (c->dry_run)
                return;
        if (x->done.kept)
                tell_row(c, "Kept",
                         arena_join(a, "a copy in ", x->done.kept,
                                    "; to bring it back: sudo cp -rP --remove-destination ", x->done.kept,
                                    "/. " RULES_DIR, NULL));
        if (x->done.mask)
                tell_row(c, "To unmask", arena_join(a, "sudo rm ", x->done.mask, NULL));
        tell_say(c, arena_join(a,
                               "Its devices stay as they are until the next boot. If this one handed them over, sudo "
                               "passthroughctl release ",
                               name, " gives them back now.", NULL));
}

static int run(struct removal *x, const char *name)
{
        struct ctl *c = x->c;
        const char *rule = x->files[0] && !x->masked[0] ? x->files[0] : NULL;
        size_t first = 0;
        int k;

        while (!x->files[first])
                first++;
        if (x->masked[first]) {
                if (shows(x))
                        tell_say(c, arena_join(&c->arena, x->files[first], " masks that rule already.", NULL));
        } else {
                k = kept_choose(c, name, &x->kept_dir);
                if (k == 0 && !c->dry_run)
                        k = keep_all(x, rule);
                if (k == 0)
                        k = take_away(x, name, rule);
                if (k < 0)
                        return ctl_fail(name, k);
                tell(x, name);
        }
        if (c->json)
                json_removed(stdout, &x->done);
        else if (c->dry_run)
                tell_step(c, arena_join(&c->arena, "remove ", c->argv[1], NULL), "does this");
        else
                situation_put(c, NEXT_ON_REMOVE);
        return EXIT_SUCCESS;
}

int ctl_remove(struct ctl *c)
{
        const char *name = c->argv[1];
        struct removal x = {.c = c, .done = {.name = name}};
        bool there = false;
        int k;

        if (!*name || *name == '.' || strchr(name, '/'))
                return ctl_usage("\"%s\" is not the name of a rule", name);
        k = look(&x, name);
        if (k != 0)
                return k;
        for (size_t i = 0; i < CONFIG_PLACES; i++)
                there |= x.files[i] != NULL;
        return there ? run(&x, name) : no_such_rule(c, name);
}
