/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/str.h"
#include "config/keys.h"

/* The earlier wins where a name is in two of them. */
static const char *const directories[] = {"/etc/passthrough.d", "/run/passthrough.d", "/usr/local/lib/passthrough.d",
                                          "/usr/lib/passthrough.d"};

#define FILE_MAX_SIZE ((size_t)4 * 1024 * 1024)

struct entry {
        const char *name; /* of the file or drop-in directory */
        const char *path;
        size_t rank; /* among the directories */
};

struct entries {
        struct entry *v;
        size_t n;
};

static bool ends_with(const char *s, const char *suffix)
{
        size_t n = strlen(s), m = strlen(suffix);

        return n > m && streq(s + n - m, suffix);
}

static int compare_entries(const void *a, const void *b)
{
        const struct entry *x = a, *y = b;
        int c = strcmp(x->name, y->name);

        return c ? c : (x->rank > y->rank) - (x->rank < y->rank);
}

static int add_entry(struct arena *a, struct entries *e, const char *directory, const char *name, size_t rank)
{
        struct entry *entry = arena_grow(a, &e->v, e->n, sizeof(*e->v));

        if (!entry)
                return -ENOMEM;
        *entry = (struct entry){.name = name, .path = arena_printf(a, "%s/%s", directory, name), .rank = rank};
        e->n++;
        return entry->path ? 0 : -ENOMEM;
}

/* The *.conf below a directory, and (where asked for) the *.conf.d. */
static int collect(const struct root *root, struct arena *a, const char *directory, size_t rank, struct diags *diags,
                   struct entries *files, struct entries *dropins)
{
        const char **names;
        size_t n;
        int k = root_list(root, a, directory, &names, &n);

        if (k == -ENOMEM)
                return k;
        if (k == 0 && n == 0) {
                _cleanup_(close_fd) int fd = root_open_at(root, directory, O_PATH | O_DIRECTORY);

                if (fd == -ENOTDIR)
                        return diag_add(diags, DIAG_ERROR, directory, 0,
                                        "is no directory; it is to be one, with a file NAME.conf for each rule");
        }
        if (k < 0)
                return diag_add(diags, DIAG_ERROR, directory, 0, "cannot be read: %s", strerror(-k));
        for (size_t i = 0; k == 0 && i < n; i++)
                if (ends_with(names[i], ".conf"))
                        k = add_entry(a, files, directory, names[i], rank);
                else if (dropins && ends_with(names[i], ".conf.d"))
                        k = add_entry(a, dropins, directory, names[i], rank);
        return k;
}

static void sort(struct entries *e)
{
        if (e->n > 0)
                qsort(e->v, e->n, sizeof(*e->v), compare_entries);
}

/* Keeps the first of each name. */
static void keep_first(struct entries *e)
{
        size_t n = 0;

        sort(e);
        for (size_t i = 0; i < e->n; i++)
                if (n == 0 || !streq(e->v[n - 1].name, e->v[i].name))
                        e->v[n++] = e->v[i];
        e->n = n;
}

/* "a/b/../c" without its "." and ".."; path is absolute. */
static void normalize(char *path)
{
        char *out = path;

        for (const char *c = path; *c;) {
                size_t n;

                c += strspn(c, "/");
                n = strcspn(c, "/");
                if (n == 2 && c[0] == '.' && c[1] == '.') {
                        while (out > path && *--out != '/')
                                ;
                } else if (n > 0 && !(n == 1 && c[0] == '.')) {
                        *out++ = '/';
                        memmove(out, c, n);
                        out += n;
                }
                c += n;
        }
        *out = '\0';
}

/* A link to /dev/null masks, also where the tree has no such device: what counts is the path that it leads to. */
static bool links_to_null(const struct root *root, const char *link)
{
        char path[PATH_MAX], target[PATH_MAX];

        snprintf(path, sizeof(path), "%s", link);
        for (unsigned hops = 0; hops < 16 && root_readlink(root, path, target, sizeof(target)) > 0; hops++) {
                size_t n = *target == '/' ? 0 : (size_t)(str_basename(path) - path);

                if (n + strlen(target) >= sizeof(path))
                        return false;
                strcpy(path + n, target);
                normalize(path);
                if (streq(path, "/dev/null"))
                        return true;
        }
        return false;
}

struct loader {
        const struct root *root;
        struct arena *arena;
        struct diags *diags;
        struct entries dropins; /* NAME.conf.d directories, by name */
};

/* One file into the rule: 1 where it was masked, 0, or -errno (fatal). */
static int load_file(struct loader *l, const char *path, struct rule *rule)
{
        const char **slot;
        char *text;
        size_t size;
        int k;

        if (links_to_null(l->root, path))
                return 1;
        k = root_read_all(l->root, l->arena, path, FILE_MAX_SIZE, &text, &size);
        if (k == -ENOMEM)
                return k;
        if (k == 0 && size == 0)
                return 1;

        slot = arena_grow(l->arena, &rule->files, rule->n_files, sizeof(*rule->files));
        if (!slot)
                return -ENOMEM;
        *slot = path;
        rule->n_files++;
        if (k == -EISDIR)
                return diag_add(l->diags, DIAG_ERROR, path, 0,
                                "is a directory; a rule is a file, its drop-ins are in %s.d/", str_basename(path));
        if (k == -EFBIG)
                return diag_add(l->diags, DIAG_ERROR, path, 0, "is larger than 4 MiB; this is no rule");
        if (k == -EINVAL)
                return diag_add(l->diags, DIAG_ERROR, path, 0, "is not a regular file; a rule is a text file");
        if (k < 0)
                return diag_add(l->diags, DIAG_ERROR, path, 0, "cannot be read: %s", strerror(-k));

        rule->digest = str_hash(str_hash(rule->digest, path, strlen(path) + 1), text, size);
        return keys_parse(l->arena, path, text, size, l->diags, rule);
}

static int load_dropins(struct loader *l, const char *file_name, struct rule *rule)
{
        struct entries files = {};

        for (size_t i = 0; i < l->dropins.n; i++) {
                const struct entry *d = &l->dropins.v[i];
                int k;

                if (strncmp(d->name, file_name, strlen(file_name)) != 0 || !streq(d->name + strlen(file_name), ".d"))
                        continue;
                k = collect(l->root, l->arena, d->path, d->rank, l->diags, &files, NULL);
                if (k < 0)
                        return k;
        }
        keep_first(&files);
        for (size_t i = 0; i < files.n; i++) {
                int k = load_file(l, files.v[i].path, rule);

                if (k < 0)
                        return k;
        }
        return 0;
}

/* 1 where the rule is masked, 0, or -errno (fatal). */
static int load_rule(struct loader *l, const struct entry *entry, struct rule *rule)
{
        size_t first_diag = l->diags->n, errors = l->diags->n_errors;
        char *name = arena_strndup(l->arena, entry->name, strlen(entry->name) - strlen(".conf"));
        char *file = arena_strdup(l->arena, entry->path);
        bool name_valid;
        int k;

        if (!name || !file)
                return -ENOMEM;
        name_valid = rule_name_valid(name);
        str_make_printable(name);
        str_make_printable(file);
        *rule = RULE_INIT;
        rule->digest = STR_HASH_START;
        rule->file = file;
        rule->name = name;

        k = load_file(l, entry->path, rule);
        if (k != 0)
                return k;
        if (!name_valid)
                k = diag_add(l->diags, DIAG_ERROR, entry->path, 0,
                             "\"%s\" cannot name a rule; use letters, digits, \"_\", \".\" and \"-\", a letter or "
                             "digit first, at "
                             "most 64",
                             rule->name);
        if (k == 0)
                k = load_dropins(l, entry->name, rule);
        if (k == 0 && l->diags->n_errors == errors)
                k = keys_check(l->diags, rule);
        if (k < 0)
                return k;

        for (size_t i = first_diag; i < l->diags->n && l->diags->n_errors > errors; i++) {
                const struct diag *d = &l->diags->v[i];

                if (d->level != DIAG_ERROR)
                        continue;
                rule->invalid = true;
                rule->message = d->line ? arena_printf(l->arena, "%s:%u: %s", d->file, d->line, d->message)
                                        : arena_printf(l->arena, "%s: %s", d->file, d->message);
                return rule->message ? 0 : -ENOMEM;
        }
        return 0;
}

/* Drop-ins whose rule is not there do nothing: that is worth a word. */
static int warn_orphans(struct loader *l, const struct entries *files)
{
        for (size_t i = 0, j = 0; i < l->dropins.n; i++) {
                const struct entry *d = &l->dropins.v[i];
                char *name = arena_strndup(l->arena, d->name, strlen(d->name) - strlen(".d"));
                bool found = false;

                if (!name)
                        return -ENOMEM;
                for (j = 0; j < files->n && !found; j++)
                        found = streq(files->v[j].name, name);
                if (!found &&
                    diag_add(l->diags, DIAG_WARNING, d->path, 0, "drop-ins for %s, which is not there", name) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int config_load(const struct root *root, struct arena *a, struct diags *diags, struct config *ret)
{
        struct loader l = {.root = root, .arena = a, .diags = diags};
        struct config config = {};
        struct entries files = {};
        int k;

        for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
                k = collect(root, a, directories[i], i, diags, &files, &l.dropins);
                if (k < 0)
                        return k;
        }
        keep_first(&files);
        sort(&l.dropins);

        for (size_t i = 0; i < files.n; i++) {
                struct rule *rule = arena_grow(a, &config.rules, config.n_rules, sizeof(*config.rules));

                if (!rule)
                        return -ENOMEM;
                k = load_rule(&l, &files.v[i], rule);
                if (k < 0)
                        return k;
                config.n_rules += k == 0;
        }
        k = warn_orphans(&l, &files);
        if (k < 0)
                return k;
        *ret = config;
        return 0;
}
