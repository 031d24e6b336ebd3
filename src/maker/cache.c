/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/cache.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/recfile.h"
#include "base/str.h"

struct cached {
        const char *path;
        const char *identity; /* tells the file from what was there before, or is there since */
        const char *found;    /* "CONFIG PROGRAMS CLEARANCE", or "-" alone, "-" for what it does not have, and what it
                                 lacks once that is known */
};

struct cache {
        struct cached *v;
        size_t n;
};

static const struct field fields[] = {
        {FIELD(TEXT, cached, path)},
        {FIELD(TEXT, cached, identity)},
        {FIELD(TEXT, cached, found)},
};

static const struct record_type types[] = {{LIST(cache, v), FIELDS(fields)}};

static const struct recfile format = {
        .first = "passthrough-images 1",
        .separator = '\t',
        .max = (size_t)1024 * 1024,
        RECORD_TYPES(cache, types),
};

static const char *identity(struct arena *a, const struct stat *st)
{
        return arena_printf(a, "%" PRIu64 " %" PRIu64 " %" PRIi64 ".%09ld %" PRIi64 ".%09ld", (uint64_t)st->st_ino,
                            (uint64_t)st->st_size, (int64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
                            (int64_t)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

static const char *found_text(struct arena *a, const struct image_digest *d)
{
        const char *clearance = d->has_clearance ? arena_printf(a, "%016" PRIx64, d->clearance) : "-";
        const char *lacks = d->lacks ? arena_join(a, " ", *d->lacks ? d->lacks : "-", NULL) : "";

        return d->known
                       ? arena_printf(a, "%016" PRIx64 " %016" PRIx64 " %s%s", d->config, d->programs, clearance, lacks)
                       : arena_join(a, "-", lacks, NULL);
}

/* Behind that many blanks. */
static const char *parse_lacks(const char *text, size_t blanks)
{
        for (size_t i = 0; text && i < blanks; i++) {
                text = strchr(text, ' ');
                text = text ? text + 1 : NULL;
        }
        return text && streq(text, "-") ? "" : text;
}

static bool parse_found(const char *text, struct image_digest *ret)
{
        int n = sscanf(text, "%16" SCNx64 " %16" SCNx64 " %16" SCNx64, &ret->config, &ret->programs, &ret->clearance);

        ret->known = n >= 2;
        ret->has_clearance = n == 3;
        ret->lacks = parse_lacks(text, ret->known ? 3 : 1);
        return ret->known || *text == '-';
}

static void load(const struct root *root, struct arena *a, struct cache *ret)
{
        if (recfile_read(root, a, &format, IMAGE_CACHE, ret) != 0)
                *ret = (struct cache){};
}

bool cache_find(const struct root *root, struct arena *a, const struct installed *image, struct image_digest *ret)
{
        const char *id = identity(a, &image->st);
        struct cache cache;

        *ret = (struct image_digest){};
        load(root, a, &cache);
        for (size_t i = 0; i < cache.n; i++)
                if (streq(cache.v[i].path, image->path) && streq(cache.v[i].identity, id))
                        return parse_found(cache.v[i].found, ret);
        return false;
}

void cache_add(const struct root *root, struct arena *a, const struct installed *image,
               const struct image_digest *digest)
{
        struct cache cache;
        size_t n = 0;

        load(root, a, &cache);
        for (size_t i = 0; i < cache.n; i++)
                if (!streq(cache.v[i].path, image->path) && root_exists(root, cache.v[i].path))
                        cache.v[n++] = cache.v[i];
        cache.n = n;
        *(struct cached *)arena_grow(a, &cache.v, cache.n++, sizeof(*cache.v)) =
                (struct cached){image->path, identity(a, &image->st), found_text(a, digest)};
        (void)!recfile_write(root, a, &format, IMAGE_CACHE, &cache);
}
