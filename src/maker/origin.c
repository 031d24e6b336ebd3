/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker/origin.h"

#include <fcntl.h>

#include "base/str.h"
#include "maker/cache.h"
#include "maker/carrier.h"
#include "maker/contents.h"
#include "maker/embedded.h"

/* What an addon of ours brings counts if its own initrd has nothing of the kind. */
static bool read_unified(const struct root *root, struct arena *a, const struct maker *maker,
                         const struct installed *image, const struct payload *now, struct image_digest *ret)
{
        struct image_digest carried;

        if (!embedded_read(root, a, maker, image, now, ret))
                return false;
        if (ret->known)
                return true;
        /* A captured machine has no addon's initrd. */
        if (!root->live && image->uki->initrd.size == 0)
                return false;
        if (ret->lacks && !*ret->lacks && carrier_read(root, a, image, now, &carried))
                *ret = carried;
        return true;
}

bool origin_read(const struct root *root, struct arena *a, const struct maker *maker, const struct installed *image,
                 const struct payload *now, struct image_digest *ret)
{
        if (image->uki)
                return read_unified(root, a, maker, image, now, ret);
        /* What it lacks counts once it is to have what is wanted now. */
        if (cache_find(root, a, image, ret) && (ret->lacks || now->nothing || payload_differs(now, ret)))
                return true;
        if (!root->live || access(image->path, R_OK) < 0 ||
            !contents_read(root, a, maker, image->path, image->release, now, ret))
                return false;
        cache_add(root, a, image, ret);
        return true;
}

int origin_judge(const struct root *root, struct arena *a, const struct makers *makers, const struct installed *image,
                 const struct config *config, bool *ret_known, const char **ret_stale)
{
        struct diags diags = {.arena = a};
        struct image_digest digest;
        struct payload now;
        int k;

        *ret_stale = NULL;
        *ret_known = false;
        k = payload_build(makers->initrds, root, a, config, image->release, &diags, &now);
        if (k < 0)
                return k;
        *ret_known = origin_read(root, a, makers->maker, image, &now, &digest);
        if (*ret_known)
                *ret_stale = payload_differs(&now, &digest);
        return 0;
}

void origin_remember(const struct root *root, struct arena *a, const struct installed *image,
                     const struct image_digest *digest)
{
        _cleanup_(close_fd) int fd = root_open_at(root, image->path, O_PATH);
        struct installed now = *image;

        if (fd >= 0 && fstat(fd, &now.st) == 0)
                cache_add(root, a, &now, digest);
}
