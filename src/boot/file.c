/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "base/str.h"

#define LABEL "security.selinux"

/* Of this name whoever writes the file, so that what is left behind is found again; only one does at a time. */
static int temporary_name(const char *path, char *buf, size_t size)
{
        int n = snprintf(buf, size, ".%s.passthrough~", str_basename(path));

        return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int file_resolve(const struct root *root, struct arena *a, const char *path, const char **ret)
{
        for (unsigned links = 0; path && links < 8; links++) {
                char target[PATH_MAX];
                ssize_t n = root_readlink(root, path, target, sizeof(target));

                if (n == -EINVAL || n == -ENOENT || n == -ENOTDIR) {
                        *ret = path;
                        return 0;
                }
                if (n < 0)
                        return (int)n;
                path = *target == '/' ? arena_strdup(a, target)
                                      : arena_printf(a, "%.*s%s", (int)(str_basename(path) - path), path, target);
        }
        return path ? -ELOOP : -ENOMEM;
}

int file_stat(const struct root *root, const char *path, struct stat *ret)
{
        _cleanup_(close_fd) int fd = root_open_at(root, path, O_PATH);

        if (fd < 0)
                return fd;
        return fstat(fd, ret) < 0 ? -errno : 0;
}

/* A file system without owners (vfat) has them all alike already. */
static int keep_attributes(int fd, int parent, const char *name, const struct stat *old)
{
        _cleanup_(close_fd) int from = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        char label[256];
        struct stat now;
        ssize_t n = from < 0 ? -1 : fgetxattr(from, LABEL, label, sizeof(label));

        if (fstat(fd, &now) < 0)
                return -errno;
        if ((now.st_uid != old->st_uid || now.st_gid != old->st_gid) && fchown(fd, old->st_uid, old->st_gid) < 0)
                return -errno;
        if ((now.st_mode & 07777) != (old->st_mode & 07777) && fchmod(fd, old->st_mode & 07777) < 0)
                return -errno;
        /* Else it has the label of its directory, which is what these files have by the policy. */
        if (n > 0)
                (void)!fsetxattr(fd, LABEL, label, (size_t)n, 0);
        return 0;
}

int file_write(const struct root *root, const char *path, const void *data, size_t size, const struct stat *old)
{
        _cleanup_(close_fd) int parent = root_open_parent(root, path, O_RDONLY), fd = -1;
        char tmp[NAME_MAX + 1];
        struct stat there;
        int k;

        if (parent < 0)
                return parent;
        k = temporary_name(path, tmp, sizeof(tmp));
        if (k < 0)
                return k;
        if (fstatat(parent, str_basename(path), &there, AT_SYMLINK_NOFOLLOW) == 0)
                old = &there;
        unlinkat(parent, tmp, 0);
        /* Nobody reads it before it is like the old one. */
        fd = openat(parent, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, old ? 0600 : 0644);
        if (fd < 0)
                return -errno;
        k = fd_write(fd, data, size);
        if (k == 0 && old)
                k = keep_attributes(fd, parent, str_basename(path), old);
        if (k == 0)
                k = fd_sync(fd);
        if (k == 0 && renameat(parent, tmp, parent, str_basename(path)) < 0)
                k = -errno;
        if (k < 0)
                unlinkat(parent, tmp, 0);
        return k < 0 ? k : fd_sync(parent);
}

int file_remove(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int parent = root_open_parent(root, path, O_RDONLY);

        if (parent == -ENOENT)
                return 0;
        if (parent < 0)
                return parent;
        if (unlinkat(parent, str_basename(path), 0) < 0)
                return errno == ENOENT ? 0 : -errno;
        return fd_sync(parent);
}

void file_sweep(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int parent = root_open_parent(root, path, O_RDONLY);
        char tmp[NAME_MAX + 1];

        if (parent >= 0 && temporary_name(path, tmp, sizeof(tmp)) == 0)
                unlinkat(parent, tmp, 0);
}

int file_make_parents(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int parent = -1;
        int k = root_make_parents(root, path);

        if (k < 0)
                return k;
        parent = root_open_parent(root, path, O_RDONLY);
        if (parent < 0)
                return parent;
        return fd_sync(parent);
}

int file_remove_directory(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int parent = root_open_parent(root, path, O_RDONLY);

        if (parent < 0)
                return parent == -ENOENT ? 0 : parent;
        if (unlinkat(parent, str_basename(path), AT_REMOVEDIR) < 0)
                return errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST ? 0 : -errno;
        return fd_sync(parent);
}
