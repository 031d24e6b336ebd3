/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How the guard asks the machine's files. */

#include <limits.h>

#include "guard/graph.h"

/* A text, "" unless it was read; the names in a directory, none unless it was. */
enum source guard_read(const struct graph *g, const char *path, char **ret);
enum source guard_list(const struct graph *g, const char *path, const char ***ret, size_t *ret_n);
/* The same path below what will be the host's root: in an initrd, below where that mounts it. */
const char *guard_in_root(const struct graph *g, const char *path);
/* Where a link in an open directory leads, "" if it is none. Returns buf. */
const char *guard_link(int dir_fd, const char *name, char buf[static PATH_MAX]);
