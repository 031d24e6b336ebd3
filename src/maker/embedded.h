/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The initrd that a unified kernel image has in it. Whoever built it, it is looked at as any boot image is. */

#include "maker/installed.h"
#include "maker/makers.h"
#include "maker/payload.h"

/* What it was built from, as contents_read_embedded() has it; false: that cannot be told. now: what it is to have;
 * image->uki is known. */
bool embedded_read(const struct root *root, struct arena *a, const struct maker *maker, const struct installed *image,
                   const struct payload *now, struct image_digest *ret);
