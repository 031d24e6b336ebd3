/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The one place that writes to sysfs. */

#include "base/root.h"

/* One write() of the whole value, no newline added. 0 or the kernel's own -errno. */
int sysfs_write(const struct root *root, const char *path, const char *value) _must_check_;
