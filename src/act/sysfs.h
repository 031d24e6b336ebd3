/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The one place that writes to sysfs. */

#include "base/root.h"

/* A file that is written to for one device after the other stays open. */
struct sysfs {
        const struct root *root;
        const char *shared; /* the path of that file */
        int shared_fd;      /* or -1 */
        unsigned patience;  /* how many seconds a write may take; 0: as long as it takes, and no child is forked */
        pid_t stuck;        /* the child whose write has not come back */
};

/* The driver that this "driver" link leads to; "" for none. */
void sysfs_driver(const struct root *root, const char *link, char *buf, size_t size);

void sysfs_close(struct sysfs *s);

/*
 * One write() of the whole value, no newline added. shared: others are written to the same file. 0 or the kernel's own
 * -errno; -ETIMEDOUT with stuck set where it has not come back, and may yet.
 */
int sysfs_write(struct sysfs *s, const char *path, const char *value, bool shared) _must_check_;

/*
 * One child writes for many devices, each bounded by itself. After one that has not come back, another child goes on
 * with the next.
 */
struct sysfs_writer {
        const struct root *root;
        unsigned patience; /* seconds, more than 0 */
        int fd;            /* to the child; -1: there is none */
        pid_t pid;
};

/* As sysfs_write(). */
int sysfs_writer_write(struct sysfs_writer *w, const char *path, const char *value) _must_check_;
void sysfs_writer_end(struct sysfs_writer *w);
