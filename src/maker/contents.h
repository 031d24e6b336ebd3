/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whether an image that was built has what it was built for. */

#include "maker/makers.h"
#include "maker/payload.h"

/* True if a maker's list has a file of that name: the end of a line, or what a link's target follows. */
bool contents_has(const char *list, const char *name);

/*
 * What an image on this machine, for that kernel, lacks of now; NULL: nothing, and *ret is what it was built from.
 */
const char *contents_lack(const struct root *root, struct arena *a, const struct maker *maker, const char *file,
                          const char *release, const struct payload *now, struct image_digest *ret);
/* What an image says it was built from and, where that is now, what it lacks of it; false if it cannot be read. */
bool contents_read(const struct root *root, struct arena *a, const struct maker *maker, const char *file,
                   const char *release, const struct payload *now, struct image_digest *ret);
/* The same of an image's own initrd, in a unified image. If it was built without the rules, *ret says why an initrd
 * that comes behind it does not bring them (lacks); "": it does. */
bool contents_read_embedded(const struct root *root, struct arena *a, const struct maker *maker, const char *file,
                            const char *release, const struct payload *now, struct image_digest *ret);
/* What such an initrd, with those names in it, lacks of now; NULL: nothing. */
const char *contents_lack_carried(const struct root *root, struct arena *a, const char *release,
                                  const struct payload *now, const char *list);
