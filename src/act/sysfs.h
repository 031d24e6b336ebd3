/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The one place that writes to sysfs. */

#include "base/root.h"

/* A file that is written to for one device after the other stays open. */
struct sysfs {
        const struct root *root;
        int probe_fd; /* of SYSFS_PROBE, or -1 */
};

#define SYSFS_PROBE "/sys/bus/pci/drivers_probe"

void sysfs_close(struct sysfs *s);

/* One write() of the whole value, no newline added. 0 or the kernel's own -errno. */
int sysfs_write(struct sysfs *s, const char *path, const char *value) _must_check_;
