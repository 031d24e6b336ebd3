/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What an image was built from, as it says itself, and whether it has all of that; to a unified image belongs what an
 * addon of ours brings. Its maker has to unpack it for that,
 * and so does that only once for each image; see cache.h.
 */

#include "maker/installed.h"
#include "maker/makers.h"
#include "maker/payload.h"

/*
 * False if nothing can be told: the image cannot be read, or is of a captured machine whose cache has nothing of it.
 * now: what it is to have.
 */
bool origin_read(const struct root *root, struct arena *a, const struct maker *maker, const struct installed *image,
                 const struct payload *now, struct image_digest *ret);
/* Whether an image is what would be built now: *ret_known, and then why not, or NULL. 0 or -errno. */
int origin_judge(const struct root *root, struct arena *a, const struct makers *makers, const struct installed *image,
                 const struct config *config, bool *ret_known, const char **ret_stale) _must_check_;
/* What was just built, or put there otherwise; image->st is not looked at. */
void origin_remember(const struct root *root, struct arena *a, const struct installed *image,
                     const struct image_digest *digest);
