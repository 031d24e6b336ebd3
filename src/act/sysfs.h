/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The one place that writes to sysfs. */

#include "base/root.h"

/* A file that is written to for one device after the other stays open. */
struct sysfs {
        const struct root *root;
        int probe_fd;      /* of SYSFS_PROBE, or -1 */
        unsigned patience; /* how many seconds a write may take; 0: as long as it takes, and no child is forked */
        pid_t stuck;       /* the child whose write has not come back */
};

#define SYSFS_PROBE   "/sys/bus/pci/drivers_probe"
#define SYSFS_DEVICES "/sys/bus/pci/devices/"

/* What has the device whose "driver" link this is; "" for nothing. */
void sysfs_driver(const struct root *root, const char *link, char *buf, size_t size);

void sysfs_close(struct sysfs *s);

/*
 * One write() of the whole value, no newline added. 0 or the kernel's own -errno; -ETIMEDOUT with stuck set where it
 * has not come back, and may yet.
 */
int sysfs_write(struct sysfs *s, const char *path, const char *value) _must_check_;
