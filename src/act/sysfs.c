/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/sysfs.h"

#include <errno.h>
#include <fcntl.h>

#include "base/str.h"

void sysfs_close(struct sysfs *s)
{
        close_fd(&s->probe_fd);
        s->probe_fd = -1;
}

static int open_attribute(const struct root *root, const char *path)
{
        /* O_TRUNC means nothing to sysfs; in a captured machine it makes the file hold what was written. */
        return root_open_at(root, path, O_WRONLY | (root->live ? 0 : O_TRUNC));
}

static int write_value(int fd, const char *value)
{
        size_t size = strlen(value);
        ssize_t n = write(fd, value, size);

        if (n < 0)
                return -errno;
        return (size_t)n == size ? 0 : -EIO;
}

int sysfs_write(struct sysfs *s, const char *path, const char *value)
{
        _cleanup_(close_fd) int fd = -1;

        if (s->root->live && streq(path, SYSFS_PROBE)) {
                if (s->probe_fd < 0)
                        s->probe_fd = open_attribute(s->root, path);
                return s->probe_fd < 0 ? s->probe_fd : write_value(s->probe_fd, value);
        }
        fd = open_attribute(s->root, path);
        return fd < 0 ? fd : write_value(fd, value);
}
