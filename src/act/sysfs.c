/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/sysfs.h"

#include <errno.h>
#include <fcntl.h>

#include "base/str.h"

int sysfs_write(const struct root *root, const char *path, const char *value)
{
        /* O_TRUNC means nothing to sysfs; in a captured machine it makes the file hold what was written. */
        _cleanup_(close_fd) int fd = root_open_at(root, path, O_WRONLY | (root->live ? 0 : O_TRUNC));
        size_t size = strlen(value);
        ssize_t n;

        if (fd < 0)
                return fd;
        n = write(fd, value, size);
        if (n < 0)
                return -errno;
        return (size_t)n == size ? 0 : -EIO;
}
