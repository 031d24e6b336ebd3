/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A kernel's file, as a boot loader finds it: where the host has it, and which release it is. */

#include "base/root.h"
#include "base/span.h"

/*
 * A path of a boot loader as the host has it: below mount, where that file system is mounted, or, with mount NULL,
 * where /boot may lie on its file system. NULL: it is in none of these places.
 */
const char *kernel_file_find(const struct root *root, struct arena *a, const char *mount, struct span path);
/* The release of the kernel in a file. NULL: it does not tell. */
const char *kernel_file_release(const struct root *root, struct arena *a, const char *path);
