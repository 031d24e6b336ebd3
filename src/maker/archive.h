/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * An archive that the kernel unpacks into the initrd (newc,
 * Documentation/driver-api/early-userspace/buffer-format.rst), in memory and not compressed.
 */

#include <stdint.h>

#include "base/root.h"

struct archive {
        struct arena *arena;
        char *data;
        size_t size, room;
        uint32_t n; /* names in it */
        const char **directories;
        size_t n_directories;
};

/* path: absolute; the directories above come with it. */
void archive_add(struct archive *x, const char *path, const void *data, size_t size, bool program);
/* All files of a directory, as they lie there. 0 or -errno. */
int archive_add_tree(struct archive *x, const struct root *tree) _must_check_;
/* Nothing may be added behind that. */
void archive_end(struct archive *x);

struct archived {
        const char *path; /* without the first slash */
        const char *data;
        size_t size;
};

/* The next file; false: there is none, or what follows is no such archive. *at begins with 0. */
bool archive_next(const char *data, size_t size, size_t *at, struct archived *ret);
/* The file of that absolute path. */
bool archive_find(const char *data, size_t size, const char *path, struct archived *ret);
