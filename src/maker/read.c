/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"
#include "maker/contents.h"

struct image_state {
        bool read;
        struct image_digest digest;
};

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

bool image_read(const struct root *root, struct arena *a, const struct maker *maker, const struct installed *image,
                struct image_digest *ret)
{
        struct image_state cached = {};
        const char *cache;

        cache_load(root, a, &cache);
        if (cache_find(a, cache, image, &cached)) {
                *ret = cached.digest;
                return true;
        }
        if (!root->live || access(image->path, R_OK) < 0 || !contents_digest(a, maker, image->path, ret))
                return false;
        cache_add(root, a, cache, image, ret);
        return true;
}

int image_judge(const struct root *root, struct arena *a, const struct makers *makers, const struct installed *image,
                const struct config *config, bool *ret_known, const char **ret_stale)
{
        struct diags diags = {.arena = a};
        struct image_digest digest;
        struct payload now;
        int k;

        *ret_stale = NULL;
        *ret_known = image_read(root, a, makers->maker, image, &digest);
        if (!*ret_known)
                return 0;
        k = payload_build(makers->initrds, root, a, config, image->release, &diags, &now);
        if (k == 0)
                *ret_stale = payload_differs(&now, &digest);
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
