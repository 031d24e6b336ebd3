/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define FILE_MAX_SIZE ((size_t)4 * 1024 * 1024)

static int compare_entries(const void *a, const void *b)
{
        const struct config_file *x = a, *y = b;
        int c = strcmp(x->name, y->name);

        return c ? c : (x->rank > y->rank) - (x->rank < y->rank);
}

void config_files_add(struct arena *a, struct config_files *f, struct config_file file)
{
        struct config_file *slot = arena_grow(a, &f->v, f->n, sizeof(*f->v));

        *slot = file;
        f->n++;
}

static void add_entry(struct arena *a, struct config_files *e, const char *directory, const char *name, size_t rank)
{
        config_files_add(a, e, (struct config_file){name, arena_join(a, directory, "/", name, NULL), rank});
}

void config_files_collect(const struct root *root, struct arena *a, const char *directory, size_t rank,
                          const struct config_kind *kind, struct diags *diags, struct config_files *files,
                          struct config_files *dropins)
{
        const char **names;
        size_t n;
        int k = root_names(root, a, directory, &names, &n);

        if (k == -ENOTDIR)
                diag_add(diags, DIAG_ERROR, directory, 0, "is not a directory; make it one, with %s",
                         kind->directory_has);
        else if (k < 0 && k != -ENOENT)
                diag_add(diags, DIAG_ERROR, directory, 0, "cannot be read: %s", strerror(-k));
        for (size_t i = 0; k == 0 && i < n; i++)
                if (endswith(names[i], ".conf"))
                        add_entry(a, files, directory, names[i], rank);
                else if (dropins && endswith(names[i], ".conf.d"))
                        add_entry(a, dropins, directory, names[i], rank);
}

void config_files_sort(struct config_files *e)
{
        if (e->n > 0)
                qsort(e->v, e->n, sizeof(*e->v), compare_entries);
}

void config_files_keep_first(struct config_files *e)
{
        size_t n = 0;

        config_files_sort(e);
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

int config_file_read(const struct root *root, struct arena *a, const char *path, const struct config_kind *kind,
                     struct diags *diags, char **ret, size_t *ret_size)
{
        int k;

        if (links_to_null(root, path))
                return CONFIG_READ_MASKED;
        k = root_read_all(root, a, path, FILE_MAX_SIZE, ret, ret_size);
        if (k == 0)
                return *ret_size == 0 ? CONFIG_READ_MASKED : CONFIG_READ_OK;
        if (k == -ENOENT)
                return CONFIG_READ_ABSENT;
        if (k == -EISDIR)
                diag_add(diags, DIAG_ERROR, path, 0, "is a directory; a %s is a file, its drop-ins are in %s.d/",
                         kind->noun, str_basename(path));
        else if (k == -EFBIG)
                diag_add(diags, DIAG_ERROR, path, 0, "is larger than 4 MiB; that is not a %s", kind->noun);
        else if (k == -EINVAL)
                diag_add(diags, DIAG_ERROR, path, 0, "is not a regular file; a %s is a text file", kind->noun);
        else
                diag_add(diags, DIAG_ERROR, path, 0, "cannot be read: %s", strerror(-k));
        return CONFIG_READ_FAULT;
}
