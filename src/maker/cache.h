/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What images were built from and lack, as it was once found out, in /var/lib/passthrough/images. */

#include "maker/installed.h"
#include "state/digest.h"

#define IMAGE_CACHE "/var/lib/passthrough/images"

/* False where nothing is known of the file as it is now. */
bool cache_find(const struct root *root, struct arena *a, const struct installed *image, struct image_digest *ret);
/* It is only a cache: whoever cannot write it does without. */
void cache_add(const struct root *root, struct arena *a, const struct installed *image,
               const struct image_digest *digest);
