/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What an image was built from, as it says itself: by lsinitrd, which has to unpack it, and so only once for each
 * image: /var/lib/passthrough/images has what was found, as long as the file is the same.
 */

#include "maker/installed.h"
#include "maker/payload.h"

#define IMAGE_CACHE "/var/lib/passthrough/images"

struct image_state {
        bool read; /* it could be looked at, by lsinitrd or in the cache */
        struct image_digest digest;
};

/* Of a captured machine only what the cache has. */
int image_read(const struct root *root, struct arena *a, const struct installed *image,
               struct image_state *ret) _must_check_;
/* Whether an image is what would be built now: *ret_known, and then why not, or NULL. 0 or -errno. */
int image_judge(const struct root *root, struct arena *a, const struct installed *image, const struct config *config,
                bool *ret_known, const char **ret_stale) _must_check_;
/* What was just built, or put there otherwise; image->st is not looked at. */
void image_remember(const struct root *root, struct arena *a, const struct installed *image,
                    const struct image_digest *digest);
/* The same, of any file of this machine and past the cache: 0, or -errno. */
int image_read_file(struct arena *a, const char *path, struct image_digest *ret) _must_check_;
/* The names of the files in it, as lsinitrd lists them. */
int image_list(struct arena *a, const char *path, const char **ret) _must_check_;
/*
 * Whether a file of this machine that is to become the image has all of now, for that kernel: NULL, or what it lacks;
 * *ret is what it was built from.
 * 0 or -errno.
 */
int image_verify(const struct root *root, struct arena *a, const char *path, const char *release,
                 const struct payload *now, struct image_digest *ret, const char **ret_lacks) _must_check_;
