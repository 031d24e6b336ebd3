/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/str.h"

#define LABEL "security.selinux"

/* Every writer of the file uses this name, so that what is left behind is found again; only one writes at a time. */
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
        return -ELOOP;
}

int file_stat(const struct root *root, const char *path, struct stat *ret)
{
        _cleanup_(close_fd) int fd = root_open_at(root, path, O_PATH);

        if (fd < 0)
                return fd;
        return fstat(fd, ret) < 0 ? -errno : 0;
}

/* A file system without owners (vfat) has them all alike already. */
static int keep_attributes(int fd, int parent, const char *name, const struct stat *old, mode_t most)
{
        _cleanup_(close_fd) int from = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        mode_t mode = old->st_mode & most & 07777;
        char label[256];
        struct stat now;
        ssize_t n = from < 0 ? -1 : fgetxattr(from, LABEL, label, sizeof(label));

        if (fstat(fd, &now) < 0)
                return -errno;
        if ((now.st_uid != old->st_uid || now.st_gid != old->st_gid) && fchown(fd, old->st_uid, old->st_gid) < 0)
                return -errno;
        if ((now.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
                return -errno;
        /* Else it has the label of its directory, which is what these files have by the policy. */
        if (n > 0)
                (void)!fsetxattr(fd, LABEL, label, (size_t)n, 0);
        return 0;
}

/* A temporary file beside one that it is to take the place of. */
struct writer {
        const char *name; /* of that one, in parent */
        int parent, fd;
        char tmp[NAME_MAX + 1];
        struct stat there;
        const struct stat *old;
        mode_t most; /* that the new one may have */
};

static void writer_close(struct writer *w)
{
        close_fd(&w->fd);
        close_fd(&w->parent);
}

static int writer_open(struct writer *w, const struct root *root, const char *path, const struct stat *old)
{
        int k;

        *w = (struct writer){.name = str_basename(path), .fd = -1, .old = old, .most = 07777};
        w->parent = root_open_parent(root, path, O_RDONLY);
        if (w->parent < 0)
                return w->parent;
        k = temporary_name(path, w->tmp, sizeof(w->tmp));
        if (k == 0 && fstatat(w->parent, w->name, &w->there, AT_SYMLINK_NOFOLLOW) == 0)
                w->old = &w->there;
        return k;
}

static int writer_create(struct writer *w)
{
        unlinkat(w->parent, w->tmp, 0);
        /* Nobody reads it before it is like the old one. */
        w->fd = openat(w->parent, w->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (w->fd < 0)
                return -errno;
        return !w->old && fchmod(w->fd, 0644 & w->most) < 0 ? -errno : 0;
}

/* Nobody may read the new one who might not read that. */
static int no_more_than(struct writer *w, int fd)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        w->most = st.st_mode;
        return 0;
}

/* k: how writing it went. */
static int writer_end(struct writer *w, int k)
{
        if (k == 0 && w->old)
                k = keep_attributes(w->fd, w->parent, w->name, w->old, w->most);
        if (k == 0)
                k = fd_sync(w->fd);
        if (k == 0 && renameat(w->parent, w->tmp, w->parent, w->name) < 0)
                k = -errno;
        if (k < 0)
                unlinkat(w->parent, w->tmp, 0);
        return k < 0 ? k : fd_sync(w->parent);
}

int file_write(const struct root *root, const char *path, const void *data, size_t size, const struct stat *old)
{
        _cleanup_(writer_close) struct writer w = {.parent = -1, .fd = -1};
        int k = root->dry ? 0 : writer_open(&w, root, path, old);

        if (root->dry)
                return 0;
        if (k == 0)
                k = writer_create(&w);
        return k == 0 ? writer_end(&w, fd_write(w.fd, data, size)) : k;
}

/* On a read-only file system that is said of what is not there, too. */
static bool is_absent(int parent, const char *name, int error)
{
        struct stat st;

        return error == ENOENT ||
               (error == EROFS && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT);
}

int file_remove(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int parent = root_open_parent(root, path, O_RDONLY);

        if (parent == -ENOENT || parent == -ENOTDIR)
                return 0;
        if (parent < 0 || root->dry)
                return parent < 0 ? parent : 0;
        if (unlinkat(parent, str_basename(path), 0) < 0) {
                int k = -errno;

                return is_absent(parent, str_basename(path), -k) ? 0 : k;
        }
        return fd_sync(parent);
}

void file_sweep(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int parent = root_open_parent(root, path, O_RDONLY);
        char tmp[NAME_MAX + 1];

        if (parent >= 0 && !root->dry && temporary_name(path, tmp, sizeof(tmp)) == 0)
                unlinkat(parent, tmp, 0);
}

int file_make_parents(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int parent = -1;
        int k = root_make_parents(root, path);

        if (k < 0 || root->dry)
                return k;
        parent = root_open_parent(root, path, O_RDONLY);
        if (parent < 0)
                return parent;
        return fd_sync(parent);
}

int file_remove_directory(const struct root *root, const char *path)
{
        _cleanup_(close_fd) int parent = root_open_parent(root, path, O_RDONLY);

        if (parent < 0 || root->dry)
                return parent == -ENOENT || parent >= 0 ? 0 : parent;
        if (unlinkat(parent, str_basename(path), AT_REMOVEDIR) < 0) {
                int k = -errno;

                return k == -ENOTEMPTY || k == -EEXIST || is_absent(parent, str_basename(path), -k) ? 0 : k;
        }
        return fd_sync(parent);
}

char *file_temporary(struct arena *a, const char *path)
{
        char tmp[NAME_MAX + 1];

        if (temporary_name(path, tmp, sizeof(tmp)) < 0)
                return NULL;
        return arena_printf(a, "%.*s%s", (int)(str_basename(path) - path), path, tmp);
}

int file_take_place(const struct root *root, const char *path, const struct stat *old)
{
        _cleanup_(writer_close) struct writer w = {.parent = -1, .fd = -1};
        int k = root->dry ? 0 : writer_open(&w, root, path, old);

        if (k < 0 || root->dry)
                return k;
        w.fd = openat(w.parent, w.tmp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (w.fd < 0)
                return -errno;
        k = no_more_than(&w, w.fd);
        return writer_end(&w, k);
}

/* Reads all of it, into a file or a hash. */
static int stream(int from, int to, uint64_t *size, uint64_t *hash)
{
        char buf[65536];
        ssize_t n;

        *size = 0;
        *hash = STR_HASH_START;
        while ((n = read(from, buf, sizeof(buf))) != 0) {
                int k = n < 0 ? -errno : to >= 0 ? fd_write(to, buf, (size_t)n) : 0;

                if (k == -EINTR)
                        continue;
                if (k < 0)
                        return k;
                *size += (uint64_t)n;
                *hash = str_hash(*hash, buf, (size_t)n);
        }
        return 0;
}

int file_hash(const struct root *root, const char *path, uint64_t *ret_size, uint64_t *ret_hash)
{
        _cleanup_(close_fd) int fd = root_open_at(root, path, O_RDONLY | O_NONBLOCK);

        return fd < 0 ? fd : stream(fd, -1, ret_size, ret_hash);
}

int file_copy(const struct root *root, const char *from, const char *path, const struct stat *old)
{
        _cleanup_(close_fd) int fd = root_open_at(root, from, O_RDONLY | O_NONBLOCK);
        _cleanup_(writer_close) struct writer w = {.parent = -1, .fd = -1};
        uint64_t size, hash;
        int k = fd < 0 ? fd : root->dry ? 0 : writer_open(&w, root, path, old);

        if (root->dry)
                return k;
        if (k == 0 && !old)
                k = no_more_than(&w, fd);
        if (k == 0)
                k = writer_create(&w);
        return k == 0 ? writer_end(&w, stream(fd, w.fd, &size, &hash)) : k;
}

int file_keep(const struct root *root, const char *path, const char *copy)
{
        _cleanup_(close_fd) int from = root_open_parent(root, path, O_RDONLY);
        _cleanup_(close_fd) int to = root_open_parent(root, copy, O_RDONLY);

        if (from < 0 || to < 0 || root->dry)
                return from < 0 ? from : to < 0 ? to : 0;
        if (unlinkat(to, str_basename(copy), 0) < 0 && errno != ENOENT)
                return -errno;
        if (linkat(from, str_basename(path), to, str_basename(copy), 0) == 0)
                return fd_sync(to);
        /* Another file system, or one without such links. */
        return file_copy(root, path, copy, &(struct stat){.st_mode = 0600, .st_uid = geteuid(), .st_gid = getegid()});
}
