/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/archive.h"

#include <errno.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"

#define MAGIC "070701"

/* The numbers behind that, of 8 digits each. */
enum {
        NUMBER_INO,
        NUMBER_MODE,
        NUMBER_LINKS = 4,
        NUMBER_SIZE = 6,
        NUMBER_NAME = 11,
        NUMBERS = 13,
};
#define HEADER (strlen(MAGIC) + (size_t)8 * NUMBERS)

#define END   "TRAILER!!!"
#define BLOCK ((size_t)512)

static size_t padded(size_t n)
{
        return (n + 3) & ~(size_t)3;
}

static char *extend(struct archive *x, size_t n)
{
        char *at;

        if (x->room - x->size < n) {
                char *data = arena_alloc(x->arena, x->room = (x->size + n) * 2);

                memcpy(data, x->data ? x->data : "", x->size);
                x->data = data;
        }
        at = x->data + x->size;
        x->size += n;
        return at;
}

static void add(struct archive *x, const char *name, unsigned mode, unsigned links, const void *data, size_t size)
{
        size_t names = strlen(name) + 1, head = padded(HEADER + names);
        const uint32_t numbers[NUMBERS] = {[NUMBER_INO] = x->n++,
                                           [NUMBER_MODE] = mode,
                                           [NUMBER_LINKS] = links,
                                           [NUMBER_SIZE] = (uint32_t)size,
                                           [NUMBER_NAME] = (uint32_t)names};
        char *at = extend(x, head + padded(size));

        memcpy(at, MAGIC, strlen(MAGIC));
        for (size_t i = 0; i < NUMBERS; i++) {
                char digits[9];

                snprintf(digits, sizeof(digits), "%08X", numbers[i]);
                memcpy(at + strlen(MAGIC) + i * 8, digits, 8);
        }
        memcpy(at + HEADER, name, names);
        if (size > 0)
                memcpy(at + head, data, size);
}

static void add_directories(struct archive *x, const char *name)
{
        for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
                const char *directory = arena_strndup(x->arena, name, (size_t)(slash - name));

                if (x->n_directories > 0 && str_index(directory, x->directories, x->n_directories) >= 0)
                        continue;
                str_add(x->arena, &x->directories, &x->n_directories, directory);
                add(x, directory, S_IFDIR | 0755, 2, NULL, 0);
        }
}

void archive_add(struct archive *x, const char *path, const void *data, size_t size, bool program)
{
        add_directories(x, path + 1);
        add(x, path + 1, S_IFREG | (program ? 0755 : 0644), 1, data, size);
}

static int add_below(struct archive *x, const struct root *tree, const char *path)
{
        const char **names;
        size_t n;
        int k = root_names(tree, x->arena, *path ? path : "/", &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                const char *name = arena_join(x->arena, path, "/", names[i], NULL);
                struct stat st;
                size_t size;
                char *data;

                k = file_stat(tree, name, &st);
                if (k == 0 && S_ISDIR(st.st_mode))
                        k = add_below(x, tree, name);
                else if (k == 0)
                        k = root_read_all(tree, x->arena, name, SOURCE_MAX, &data, &size);
                if (k == 0 && !S_ISDIR(st.st_mode))
                        archive_add(x, name, data, size, false);
        }
        return k;
}

int archive_add_tree(struct archive *x, const struct root *tree)
{
        return add_below(x, tree, "");
}

void archive_end(struct archive *x)
{
        add(x, END, 0, 1, NULL, 0);
        (void)extend(x, -x->size % BLOCK);
}

/* False: it is none. */
static bool number(const char *header, unsigned which, size_t *ret)
{
        const char *s = header + strlen(MAGIC) + which * (size_t)8;

        *ret = 0;
        for (size_t i = 0; i < 8; i++) {
                static const char digits[] = "0123456789ABCDEF";
                const char *digit = s[i] ? strchr(digits, s[i]) : NULL;

                if (!digit)
                        return false;
                *ret = *ret << 4 | (size_t)(digit - digits);
        }
        return true;
}

bool archive_next(const char *data, size_t size, size_t *at, struct archived *ret)
{
        size_t mode;

        do {
                size_t names, left = size - *at;
                const char *header = data + *at;

                if (left < HEADER || !startswith(header, MAGIC) || !number(header, NUMBER_MODE, &mode) ||
                    !number(header, NUMBER_SIZE, &ret->size) || !number(header, NUMBER_NAME, &names))
                        return false;
                if (names == 0 || names > left - HEADER || header[HEADER + names - 1] || streq(header + HEADER, END) ||
                    padded(HEADER + names) > left || padded(ret->size) > left - padded(HEADER + names))
                        return false;
                ret->path = header + HEADER;
                ret->data = header + padded(HEADER + names);
                *at += padded(HEADER + names) + padded(ret->size);
        } while (!S_ISREG(mode));
        return true;
}

bool archive_find(const char *data, size_t size, const char *path, struct archived *ret)
{
        for (size_t at = 0; archive_next(data, size, &at, ret);)
                if (streq(ret->path, path + 1))
                        return true;
        return false;
}
