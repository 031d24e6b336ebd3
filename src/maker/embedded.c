/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/embedded.h"

#include "base/file.h"
#include "base/str.h"
#include "maker/cache.h"
#include "maker/contents.h"

/* The maker's programs read files. Two may look at a time. */
static bool read_copy(const struct root *root, struct arena *a, const struct maker *maker,
                      const struct installed *image, const struct payload *now, struct image_digest *ret)
{
        struct root wet = *root; /* what is only looked at is no change */
        const char *copy = arena_printf(a, "/run/passthrough/initrd-%d.img", getpid());
        bool there;

        wet.dry = false;
        wet.tap = NULL;
        there = pe_section_copy(&wet, image->path, image->uki->initrd, copy) == 0 &&
                contents_read_embedded(root, a, maker, copy, image->release, now, ret);

        (void)!file_remove(&wet, copy);
        return there;
}

/* What nothing can be told of, or nothing but that it was built without the rules, is looked at once: that takes
 * seconds. */
static struct seen {
        struct seen *next;
        struct stat st;
        bool there;
        struct image_digest digest;
} * seen;

static struct arena kept; /* as long as the program runs */

static bool same_file(const struct stat *a, const struct stat *b)
{
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
               a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool look(const struct root *root, struct arena *a, const struct maker *maker, const struct installed *image,
                 const struct payload *now, struct image_digest *ret)
{
        struct seen *x;
        bool there;

        for (x = seen; x; x = x->next)
                if (same_file(&x->st, &image->st)) {
                        *ret = x->digest;
                        return x->there;
                }
        there = read_copy(root, a, maker, image, now, ret);
        if (there && ret->known)
                return true;
        x = arena_alloc(&kept, sizeof(*x));
        *x = (struct seen){.next = seen, .st = image->st, .there = there, .digest = *ret};
        x->digest.lacks = ret->lacks ? arena_strdup(&kept, ret->lacks) : NULL;
        seen = x;
        return there;
}

bool embedded_read(const struct root *root, struct arena *a, const struct maker *maker, const struct installed *image,
                   const struct payload *now, struct image_digest *ret)
{
        if (cache_find(root, a, image, ret) &&
            (ret->lacks || (ret->known && (now->nothing || payload_differs(now, ret)))))
                return true;
        if (!root->live || image->uki->initrd.size == 0 || !look(root, a, maker, image, now, ret))
                return false;
        cache_add(root, a, image, ret);
        return true;
}
