/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* libblkid, opened when it is first needed: most boots of most hosts never do. */

#include <stddef.h>

#include "base/macro.h"

#define BLKID_TAGS_MAX 5

struct blkid_tag {
        const char *kind; /* "UUID=" */
        char value[256];
};

/*
 * What is on a device of this machine. 0, also where there is nothing on it; or -errno where that cannot be told,
 * which an ambiguous answer is, too.
 */
int blkid_probe_device(const char *path, struct blkid_tag tags[static BLKID_TAGS_MAX], size_t *ret_n) _must_check_;
