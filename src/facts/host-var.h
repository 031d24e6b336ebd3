/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The host's /var as an initrd sees it, once that has mounted the root file system. An initrd rarely mounts /var
 * itself: a directory of that name may be empty, or be what lies below the mount of another file system.
 */

#include "base/root.h"

/*
 * Finds it: ret is a directory to be closed with root_close(), and *ret_path the way from there to /var. sysroot: where
 * the initrd mounts the host's root. cmdline: the kernel's, or NULL. False: it is not known, or not there yet.
 */
bool host_var_find(const struct root *root, struct arena *a, const char *sysroot, const char *cmdline, struct root *ret,
                   const char **ret_path) _must_check_;
