/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "base/str.h"
#include "report/json.h"
#include "report/text.h"

static struct {
        const char *path;
        const void *data;
        size_t size;
} files[FILES_MAX];
static size_t n_files;

bool files_above;

static char *written;
static size_t written_size;

void files_add(const char *path, const void *data, size_t size)
{
        CHECK(n_files < FILES_MAX);
        files[n_files].path = path;
        files[n_files].data = data;
        files[n_files++].size = size;
}

void files_clear(void)
{
        n_files = 0;
        free(written);
        written = NULL;
}

void files_split(struct arena *a, const char *first, const uint8_t *data, size_t size)
{
        const char *text = arena_strndup(a, (const char *)data, size), *end = text + size, *path = first;

        for (size_t n = 1;; n++) {
                const char *next = n == FILES_MAX - 1 ? NULL : memmem(text, (size_t)(end - text), "\n%/", 3);

                files_add(path, text, (size_t)((next ? next + 1 : end) - text));
                if (!next)
                        return;
                text = memchr(next + 1, '\n', (size_t)(end - next - 1));
                if (!text)
                        text = end;
                path = arena_strndup(a, next + 2, (size_t)(text - next - 2));
                text += text < end;
        }
}

const char *files_written(size_t *ret_size)
{
        *ret_size = written_size;
        return written;
}

int __real_root_read_all(const struct root *r, struct arena *a, const char *path, size_t max, char **ret,
                         size_t *ret_size);
int __wrap_root_read_all(const struct root *r, struct arena *a, const char *path, size_t max, char **ret,
                         size_t *ret_size);
int __wrap_root_read_all(const struct root *r, struct arena *a, const char *path, size_t max, char **ret,
                         size_t *ret_size)
{
        if (n_files == 0)
                return __real_root_read_all(r, a, path, max, ret, ret_size);
        for (size_t i = 0; i < n_files; i++) {
                if (!streq(files[i].path, path))
                        continue;
                if (files[i].size > max)
                        return -EFBIG;
                *ret = arena_strndup(a, files[i].data, files[i].size);
                *ret_size = files[i].size;
                return *ret ? 0 : -ENOMEM;
        }
        return files_above ? __real_root_read_all(r, a, path, max, ret, ret_size) : -ENOENT;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int __real_root_list(const struct root *r, struct arena *a, const char *path, const char ***ret, size_t *ret_n);
int __wrap_root_list(const struct root *r, struct arena *a, const char *path, const char ***ret, size_t *ret_n);
int __wrap_root_list(const struct root *r, struct arena *a, const char *path, const char ***ret, size_t *ret_n)
{
        size_t len = strlen(path), n = 0;
        const char **names;

        if (n_files == 0 || files_above)
                return __real_root_list(r, a, path, ret, ret_n);
        names = arena_alloc(a, FILES_MAX * sizeof(*names));
        for (size_t i = 0; names && i < n_files; i++) {
                const char *name = files[i].path + len + 1;
                bool known = false;

                if (strncmp(files[i].path, path, len) != 0 || files[i].path[len] != '/' || !*name || *name == '/' ||
                    *name == '.')
                        continue;
                names[n] = arena_strndup(a, name, strcspn(name, "/"));
                for (size_t k = 0; k < n; k++)
                        known |= streq(names[k], names[n]);
                n += !known;
        }
        if (n > 0)
                qsort(names, n, sizeof(*names), compare_names);
        *ret = names;
        *ret_n = n;
        return names ? 0 : -ENOMEM;
}

ssize_t __real_root_readlink(const struct root *r, const char *path, char *buf, size_t size);
ssize_t __wrap_root_readlink(const struct root *r, const char *path, char *buf, size_t size);
ssize_t __wrap_root_readlink(const struct root *r, const char *path, char *buf, size_t size)
{
        return n_files == 0 || files_above ? __real_root_readlink(r, path, buf, size) : -EINVAL;
}

int __wrap_root_make_parents(const struct root *r, const char *path);
int __wrap_root_make_parents(const struct root *r, const char *path)
{
        (void)r;
        (void)path;
        return 0;
}

int __wrap_root_replace(const struct root *r, const char *path, const void *data, size_t size);
int __wrap_root_replace(const struct root *r, const char *path, const void *data, size_t size)
{
        (void)r;
        (void)path;
        free(written);
        written = malloc(size + 1);
        CHECK(written);
        memcpy(written, data, size);
        written[size] = '\0';
        written_size = size;
        return 0;
}

void check_json(const char *text, size_t size)
{
        static struct json_tokener *t;
        struct json_object *document;

        if (!t) {
                t = json_tokener_new();
                CHECK(t);
                json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        }
        CHECK(strlen(text) == size);
        json_tokener_reset(t);
        document = json_tokener_parse_ex(t, text, (int)size + 1);
        CHECK(json_tokener_get_error(t) == json_tokener_success && json_object_is_type(document, json_type_object));
        json_object_put(document);
}

void check_document(FILE *f, char **text, size_t *size)
{
        CHECK(fclose(f) == 0);
        check_json(*text, *size);
        free(*text);
}

void check_reports(const struct plan *plan)
{
        char *text;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        const char **worked = calloc(plan->config->n_rules + 1, sizeof(*worked));
        struct arena a = {};

        CHECK(f && worked);
        json_plan(f, plan, worked, NULL, NULL);
        check_document(f, &text, &size);
        f = open_memstream(&text, &size);
        CHECK(f);
        text_plan(f, plan, NULL, worked, true, &a);
        arena_free(&a);
        free(worked);
        CHECK(fclose(f) == 0);
        for (const char *c = text; *c; c++)
                CHECK(((unsigned char)*c >= 0x20 && *c != 0x7f) || *c == '\n');
        free(text);
}
