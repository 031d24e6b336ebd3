/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/program.h"
#include "base/str.h"

#define FIRST_LINE "passthrough-images 1\n"
#define CACHE_MAX  ((size_t)1024 * 1024)

/* Tells a file from what was there before, or is there since. */
static char *identity(struct arena *a, const struct stat *st)
{
        return arena_printf(a, "%" PRIu64 " %" PRIu64 " %" PRIi64 ".%09ld %" PRIi64 ".%09ld", (uint64_t)st->st_ino,
                            (uint64_t)st->st_size, (int64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
                            (int64_t)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

/* "PATH<tab>IDENTITY<tab>CONFIG PROGRAMS CLEARANCE", "-" for what the image does not have. */
static char *cache_line(struct arena *a, const struct installed *image, const struct image_digest *digest)
{
        const char *id = identity(a, &image->st);
        const char *found = "-";

        if (digest->known)
                found = arena_printf(a, "%016" PRIx64 " %016" PRIx64 " -", digest->config, digest->programs);
        if (digest->known && digest->has_clearance)
                found = arena_printf(a, "%016" PRIx64 " %016" PRIx64 " %016" PRIx64, digest->config, digest->programs,
                                     digest->clearance);
        return id && found ? arena_join(a, image->path, "\t", id, "\t", found, "\n", NULL) : NULL;
}

/* Empty where there is none, or none that is one. */
static void cache_load(const struct root *root, struct arena *a, const char **ret)
{
        char *text;
        size_t size;
        int k = root_read_all(root, a, IMAGE_CACHE, CACHE_MAX, &text, &size);

        *ret = k == 0 && startswith(text, FIRST_LINE) ? text + strlen(FIRST_LINE) : "";
}

static bool cache_find(struct arena *a, const char *cache, const struct installed *image, struct image_state *ret)
{
        const char *id = identity(a, &image->st), *key = id ? arena_join(a, image->path, "\t", id, "\t", NULL) : NULL;

        for (const char *line = cache; key && *line; line = strchrnul(line, '\n') + 1) {
                struct image_digest d = {};

                if (startswith(line, key)) {
                        int n;

                        line += strlen(key);
                        n = sscanf(line, "%16" SCNx64 " %16" SCNx64 " %16" SCNx64, &d.config, &d.programs,
                                   &d.clearance);
                        d.known = n >= 2;
                        d.has_clearance = n == 3;
                        *ret = (struct image_state){true, d};
                        return d.known || *line == '-';
                }
                if (!*strchrnul(line, '\n'))
                        break;
        }
        return false;
}

/* It is only a cache: whoever cannot write it does without. */
static void cache_add(const struct root *root, struct arena *a, const char *cache, const struct installed *image,
                      const struct image_digest *digest)
{
        char *text = arena_strdup(a, FIRST_LINE), *line = cache_line(a, image, digest);

        while (text && line && *cache) {
                size_t n = strcspn(cache, "\n"), path = strcspn(cache, "\t\n");
                char *name = arena_strndup(a, cache, path);

                if (!streq(name, image->path) && root_exists(root, name))
                        text = arena_printf(a, "%s%.*s\n", text, (int)n, cache);
                cache += n + (cache[n] == '\n');
        }
        text = text && line ? arena_join(a, text, line, NULL) : NULL;
        if (root_make_parents(root, IMAGE_CACHE) == 0)
                (void)!root_replace(root, IMAGE_CACHE, text, strlen(text));
}

/* Its exit status counts what it could not show, too: what it did show tells more. */
static int lsinitrd(struct arena *a, const char *option, const char *argument, const char *image, char **ret)
{
        const char *program = program_find(a, "lsinitrd");
        const char *argv[5] = {program};
        size_t n = 1, size;

        if (!program)
                return -ENOENT;
        if (option) {
                argv[n++] = option;
                argv[n++] = argument;
        }
        argv[n] = image;
        return program_output(argv, a, ret, &size);
}

int image_list(struct arena *a, const char *path, const char **ret)
{
        char *text;
        int k = lsinitrd(a, NULL, NULL, path, &text);

        if (k >= 0)
                *ret = text;
        return k < 0 ? k : 0;
}

int image_read_file(struct arena *a, const char *path, struct image_digest *ret)
{
        char *text;
        int k = lsinitrd(a, "-f", &DIGEST_PATH[1], path, &text);

        if (k >= 0)
                *ret = digest_parse(text);
        return k > 0 && !ret->known ? -EIO : k < 0 ? k : 0;
}

int image_read(const struct root *root, struct arena *a, const struct installed *image, struct image_state *ret)
{
        const char *cache;
        int k = 0;

        cache_load(root, a, &cache);

        *ret = (struct image_state){};
        if (k < 0 || cache_find(a, cache, image, ret))
                return k;
        *ret = (struct image_state){};
        if (!root->live || access(image->path, R_OK) < 0)
                return 0;
        k = image_read_file(a, image->path, &ret->digest);
        if (k < 0)
                return 0;
        ret->read = true;
        cache_add(root, a, cache, image, &ret->digest);
        return 0;
}

int image_judge(const struct root *root, struct arena *a, const struct installed *image, const struct config *config,
                bool *ret_known, const char **ret_stale)
{
        struct diags diags = {.arena = a};
        struct image_state state;
        struct payload now;
        int k = image_read(root, a, image, &state);

        *ret_known = state.read;
        *ret_stale = NULL;
        if (k < 0 || !state.read)
                return k;
        k = payload_build(root, a, config, image->release, &diags, &now);
        if (k == 0)
                *ret_stale = payload_differs(&now, &state.digest);
        return k;
}

void image_remember(const struct root *root, struct arena *a, const struct installed *image,
                    const struct image_digest *digest)
{
        _cleanup_(close_fd) int fd = root_open_at(root, image->path, O_PATH);
        struct installed now = *image;
        const char *cache;

        if (fd < 0 || fstat(fd, &now.st) < 0)
                return;
        cache_load(root, a, &cache);
        cache_add(root, a, cache, &now, digest);
}
