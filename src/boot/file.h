/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Files of the host, replaced whole: temporary file in the same directory, fsync, rename, fsync of the directory.
 * Owner, mode and SELinux label of what was there stay. 0 or -errno.
 */

#include <sys/stat.h>

#include "base/root.h"

/* Follows links, so that what a link leads to is replaced, and not the link. */
int file_resolve(const struct root *root, struct arena *a, const char *path, const char **ret) _must_check_;
/* old: what a file that is not there is to be like; NULL: root's, 0644. */
int file_write(const struct root *root, const char *path, const void *data, size_t size,
               const struct stat *old) _must_check_;
/* One that is not there is removed already. */
int file_remove(const struct root *root, const char *path) _must_check_;
/* What a write that was cut short has left behind. */
void file_sweep(const struct root *root, const char *path);
/* -ENOENT where it is not there. */
int file_stat(const struct root *root, const char *path, struct stat *ret) _must_check_;
/* Directories made for path, each lasting once this returns. */
int file_make_parents(const struct root *root, const char *path) _must_check_;
int file_remove_directory(const struct root *root, const char *path) _must_check_;
