/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Files of the host, replaced whole: temporary file in the same directory, fsync, rename, fsync of the directory.
 * Owner, mode and SELinux label of what was there stay. 0 or -errno.
 */

#include <stdint.h>
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

/* ---- files too large to be held in memory, as boot images are ------------------------------------------------------
 */

/* What file_write() would call its temporary file, and what file_sweep() removes. */
char *file_temporary(struct arena *a, const char *path);
/*
 * Somebody has written that: it takes the place of the file, with owner and label of the one that was there. Nobody may
 * read it who might not read both. old: as for file_write().
 */
int file_take_place(const struct root *root, const char *path, const struct stat *old) _must_check_;
/* One file by another name as well, or a copy of it; what had that name is gone. */
int file_keep(const struct root *root, const char *path, const char *copy) _must_check_;
/* A copy in place of what is there. old: as for file_write(); NULL: and nobody may read it who might not read both. */
int file_copy(const struct root *root, const char *from, const char *path, const struct stat *old) _must_check_;
/* str_hash() of all of it. */
int file_hash(const struct root *root, const char *path, uint64_t *ret_size, uint64_t *ret_hash) _must_check_;
