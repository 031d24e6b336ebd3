/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/captured.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/recfile.h"
#include "base/str.h"

static const char *const asked_names[] = {
        [ASKED_READ] = "read", [ASKED_LIST] = "list", [ASKED_LINK] = "link", [ASKED_STAT] = "stat"};

static const struct field file_fields[] = {
        {FIELD(U64, captured_file, size)},
        {FIELD(HEX, captured_file, hash)},
        {FIELD(TEXT, captured_file, path)},
};

static const struct field failure_fields[] = {
        {FIELD(WORD, captured_failure, asked), NAMES(asked_names, ARRAY_SIZE(asked_names))},
        {FIELD(INT, captured_failure, error)},
        {FIELD(TEXT, captured_failure, path)},
};

static const struct record_type types[] = {
        {"names", ONE_FIELD(FIELD(TEXT, captured, names))},
        {"file", LIST(captured, files), FIELDS(file_fields)},
        {"named", LIST(captured, named), ONE_FIELD(FIELD(TEXT, captured_path, path))},
        {"list", LIST(captured, listed), ONE_FIELD(FIELD(TEXT, captured_path, path))},
        {"absent", LIST(captured, absent), ONE_FIELD(FIELD(TEXT, captured_path, path))},
        {"unreadable", LIST(captured, unreadable), FIELDS(failure_fields)},
};

static const struct recfile format = {
        .first = "passthrough-capture 1",
        .separator = ' ',
        .escaped = true,
        .ended = true,
        .partial = true,
        .max = SOURCE_MAX,
        RECORD_TYPES(captured, types),
};

/* The path is the first member of them all. */
static int compare(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort(void *v, size_t n, size_t size)
{
        if (n > 1)
                qsort(v, n, size, compare);
}

static bool has(const struct captured_path *v, size_t n, const char *path)
{
        return n > 0 && bsearch(&path, v, n, sizeof(*v), compare);
}

static int failed(const struct captured *c, const char *path, int asked)
{
        const struct captured_failure *v = c->unreadable, *end = v + c->n_unreadable, *at;

        at = c->n_unreadable > 0 ? bsearch(&path, v, c->n_unreadable, sizeof(*v), compare) : NULL;
        while (at && at > v && streq(at[-1].path, path))
                at--;
        for (; at && at < end && streq(at->path, path); at++)
                if (asked == ASKED_MAX_ || (int)at->asked == asked)
                        return at->error;
        return 0;
}

/* The path of an open file, without links. False where that cannot be told. */
static bool path_of(int fd, char path[static PATH_MAX])
{
        char link[32];

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        return dir_readlink(AT_FDCWD, link, path, PATH_MAX) > 0;
}

/* Somebody may have filled it in since. */
static bool is_named(const struct captured *c, const char *path)
{
        _cleanup_(close_fd) int fd = c->n_named > 0 ? root_open_at(&c->root, path, O_PATH) : -1;
        char top[PATH_MAX], at[PATH_MAX];
        struct stat st;

        return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 && path_of(c->root.fd, top) &&
               path_of(fd, at) && startswith(at, top) && has(c->named, c->n_named, at + strlen(top));
}

static int before(struct tap *tap, enum asked asked, const char *path)
{
        const struct captured *c = (const struct captured *)(void *)tap;
        int error = failed(c, path, (int)asked);

        return error != 0 ? -error : asked == ASKED_READ && is_named(c, path) ? -ENODATA : 0;
}

int captured_open(struct root *root, struct arena *a, struct captured *ret)
{
        int k = root->live ? RECFILE_ABSENT : recfile_read(root, a, &format, CAPTURED_PATH, ret);

        if (k != 0)
                return k;
        sort(ret->files, ret->n_files, sizeof(*ret->files));
        sort(ret->named, ret->n_named, sizeof(*ret->named));
        sort(ret->listed, ret->n_listed, sizeof(*ret->listed));
        sort(ret->absent, ret->n_absent, sizeof(*ret->absent));
        sort(ret->unreadable, ret->n_unreadable, sizeof(*ret->unreadable));
        ret->tap = (struct tap){.before = before};
        ret->root = *root;
        root->tap = &ret->tap;
        return 0;
}

static const char *missing(const struct root *root, const struct captured_path *v, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!root_exists(root, v[i].path))
                        return v[i].path;
        return NULL;
}

const char *captured_missing(const struct captured *c)
{
        const char *path = missing(&c->root, c->listed, c->n_listed);

        if (!path)
                path = missing(&c->root, c->named, c->n_named);
        for (size_t i = 0; i < c->n_files && !path; i++)
                if (!root_exists(&c->root, c->files[i].path))
                        path = c->files[i].path;
        return path;
}

int captured_write(const struct root *root, struct arena *a, const struct captured *c)
{
        return recfile_write(root, a, &format, CAPTURED_PATH, c);
}

enum captured_knows captured_knows(const struct captured *c, const struct root *root, struct arena *a, const char *path)
{
        char *above = arena_strdup(a, path), *slash;

        if (failed(c, path, ASKED_MAX_) != 0)
                return CAPTURED_UNREADABLE;
        if (root_exists(root, path))
                return is_named(c, path) ? CAPTURED_NAMED : CAPTURED_THERE;
        if (has(c->absent, c->n_absent, path))
                return CAPTURED_ABSENT;
        /* Nothing is in what is not there, nor in a directory of which all names are known. */
        for (bool parent = true; (slash = strrchr(above, '/')) && slash > above; parent = false) {
                *slash = '\0';
                if (has(c->absent, c->n_absent, above) || (parent && has(c->listed, c->n_listed, above)))
                        return CAPTURED_ABSENT;
        }
        return CAPTURED_UNKNOWN;
}
