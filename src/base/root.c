/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/str.h"

int root_open(const char *dir, struct root *ret)
{
        bool live = !dir || streq(dir, "/");
        int fd = open(live ? "/" : dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        *ret = (struct root){.fd = fd, .live = live, .path = live ? "/" : dir};
        return 0;
}

void root_close(struct root *r)
{
        close_fd(&r->fd);
        r->fd = -1;
}

/*
 * Where there is no openat2() (before Linux 5.6, or kept away by a sandbox or valgrind): links are resolved here, one
 * component after the other. Unlike the kernel's way this can be raced, by who may write to the captured machine.
 */
static int open_by_walk(const struct root *r, const char *path, int flags, mode_t mode)
{
        char at[PATH_MAX] = ".", rest[PATH_MAX], next[PATH_MAX], target[PATH_MAX];
        unsigned links = 0;
        int fd;

        if (snprintf(rest, sizeof(rest), "%s", path) >= (int)sizeof(rest))
                return -ENAMETOOLONG;
        for (char *c = rest + strspn(rest, "/"); *c; c += strspn(c, "/")) {
                size_t n = strcspn(c, "/");
                bool last = c[n + strspn(c + n, "/")] == '\0';
                ssize_t k;

                if (n == 1 && c[0] == '.') {
                        c += n;
                        continue;
                }
                if (n == 2 && c[0] == '.' && c[1] == '.') {
                        char *slash = strrchr(at, '/');

                        if (slash)
                                *slash = '\0';
                        c += n;
                        continue;
                }
                if (snprintf(next, sizeof(next), "%s/%.*s", at, (int)n, c) >= (int)sizeof(next))
                        return -ENAMETOOLONG;
                c += n;
                k = last && flags & O_NOFOLLOW ? -1 : readlinkat(r->fd, next, target, sizeof(target) - 1);
                if (k < 0) {
                        strcpy(at, next);
                        continue;
                }
                target[k] = '\0';
                if (++links > 40)
                        return -ELOOP;
                if (*target == '/')
                        strcpy(at, ".");
                if (snprintf(next, sizeof(next), "%s/%s", target, c) >= (int)sizeof(next))
                        return -ENAMETOOLONG;
                strcpy(rest, next);
                c = rest;
        }
        fd = openat(r->fd, at, flags | O_NOFOLLOW, mode);
        return fd < 0 ? -errno : fd;
}

static int open_below(const struct root *r, const char *path, int flags, mode_t mode)
{
        int fd;

        path += strspn(path, "/");
        if (!*path)
                path = ".";
        flags |= O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY);
        if (r->live) {
                fd = openat(r->fd, path, flags, mode);
                return fd < 0 ? -errno : fd;
        }

        /* EAGAIN: a rename or mount elsewhere made a ".." unsafe to judge (openat2(2)); it passes. */
        for (unsigned tries = 0; tries < 100; tries++) {
                struct open_how how = {
                        .flags = (unsigned)flags,
                        .mode = flags & O_CREAT ? mode : 0,
                        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
                };

                fd = (int)syscall(SYS_openat2, r->fd, path, &how, sizeof(how));
                if (fd >= 0)
                        return fd;
                if (errno == ENOSYS)
                        return open_by_walk(r, path, flags, mode);
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
        }
        return -EAGAIN;
}

void root_tell(const struct root *r, enum asked asked, const char *dir, const char *name, ssize_t outcome)
{
        char path[PATH_MAX];

        if (r->tap->after && snprintf(path, sizeof(path), "%s%s%s%s", r->above ? r->above : "", dir, name ? "/" : "",
                                      name ? name : "") < PATH_MAX)
                r->tap->after(r->tap, asked, path, outcome < 0 ? (int)outcome : 0);
}

static int open_permitted(const struct root *r, enum asked asked, const char *path, int flags)
{
        char full[PATH_MAX];
        int k = 0;

        if (r->tap && r->tap->before) {
                if (snprintf(full, sizeof(full), "%s%s", r->above ? r->above : "", path) >= (int)sizeof(full))
                        return -ENAMETOOLONG;
                k = r->tap->before(r->tap, asked, full);
        }
        return k < 0 ? k : open_below(r, path, flags, 0);
}

/* For reading, so that the tap learns of it. */
static int open_asked(const struct root *r, enum asked asked, const char *path, int flags)
{
        int fd = open_permitted(r, asked, path, flags);

        root_note(r, asked, path, NULL, fd);
        return fd;
}

int root_open_at(const struct root *r, const char *path, int flags)
{
        if ((flags & O_ACCMODE) != O_RDONLY)
                return open_below(r, path, flags, 0);
        return open_asked(r, flags & (O_PATH | O_DIRECTORY) ? ASKED_STAT : ASKED_READ, path, flags);
}

int root_open_below(const struct root *r, const char *path, struct root *ret)
{
        int fd = open_below(r, path, O_PATH | O_DIRECTORY, 0);

        if (fd < 0)
                return fd;
        *ret = (struct root){.fd = fd, .path = path};
        return 0;
}

int root_create(const struct root *r, const char *path)
{
        return r->dry ? -EROFS : open_below(r, path, O_RDWR | O_CREAT, 0600);
}

DIR *root_opendir(const struct root *r, const char *path)
{
        int fd = open_permitted(r, ASKED_LIST, path, O_RDONLY | O_DIRECTORY);
        DIR *d;

        if (fd < 0) {
                root_note(r, ASKED_LIST, path, NULL, fd);
                errno = -fd;
                return NULL;
        }
        d = fdopendir(fd);
        if (!d)
                close(fd);
        return d;
}

bool root_exists(const struct root *r, const char *path)
{
        _cleanup_(close_fd) int fd = open_asked(r, ASKED_STAT, path, O_PATH);

        return fd >= 0;
}

/* One read: sysfs gives an attribute whole, and a regular file no less than there is. */
static ssize_t read_text(int fd, char *buf, size_t size, bool line)
{
        ssize_t k;
        size_t n;

        do
                k = read(fd, buf, size);
        while (k < 0 && errno == EINTR);
        if (k < 0)
                return -errno;
        n = (size_t)k;
        if (n == size)
                return -EFBIG;
        if (line && (n == 0 || buf[n - 1] != '\n'))
                return -EBADMSG;
        while (n > 0 && strchr(" \n\r\t", buf[n - 1]) && buf[n - 1])
                n--;
        buf[n] = '\0';
        return (ssize_t)n;
}

ssize_t root_read(const struct root *r, const char *path, char *buf, size_t size)
{
        _cleanup_(close_fd) int fd = open_asked(r, ASKED_READ, path, O_RDONLY | O_NONBLOCK);

        return fd < 0 ? fd : read_text(fd, buf, size, false);
}

ssize_t root_read_line(const struct root *r, const char *path, char *buf, size_t size)
{
        _cleanup_(close_fd) int fd = open_asked(r, ASKED_READ, path, O_RDONLY | O_NONBLOCK);

        return fd < 0 ? fd : read_text(fd, buf, size, true);
}

ssize_t dir_read(int dir_fd, const char *name, char *buf, size_t size)
{
        _cleanup_(close_fd) int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        return fd < 0 ? -errno : read_text(fd, buf, size, false);
}

int root_read_all(const struct root *r, struct arena *a, const char *path, size_t max, char **ret, size_t *ret_size)
{
        _cleanup_(close_fd) int fd = open_asked(r, ASKED_READ, path, O_RDONLY | O_NONBLOCK);
        size_t room = 4096, n = 0;
        struct stat st;
        char *buf = NULL;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        if (st.st_size > 0 && (size_t)st.st_size > max)
                return -EFBIG;

        /* Files in /proc say 0 and a file may grow: the size is a hint. */
        room = MAX(room, (size_t)st.st_size + 1);
        for (;; room *= 2) {
                char *larger = arena_alloc(a, room + 1);
                ssize_t k;

                if (n > 0)
                        memcpy(larger, buf, n);
                buf = larger;
                while ((k = read(fd, buf + n, room - n)) > 0)
                        n += (size_t)k;
                if (k < 0 && n < room)
                        return -errno;
                if (n > max)
                        return -EFBIG;
                if (n < room) {
                        *ret = buf;
                        *ret_size = n;
                        return 0;
                }
        }
}

ssize_t dir_readlink(int dir_fd, const char *name, char *buf, size_t size)
{
        ssize_t n = readlinkat(dir_fd, name, buf, size);

        if (n < 0)
                return -errno;
        if ((size_t)n == size)
                return -ENAMETOOLONG;
        buf[n] = '\0';
        return n;
}

ssize_t root_readlink(const struct root *r, const char *path, char *buf, size_t size)
{
        _cleanup_(close_fd) int fd = -1;
        ssize_t n;

        if (r->live) {
                n = dir_readlink(r->fd, path + strspn(path, "/"), buf, size);
                root_note(r, ASKED_LINK, path, NULL, n);
                return n;
        }
        fd = open_asked(r, ASKED_LINK, path, O_PATH | O_NOFOLLOW);
        return fd < 0 ? fd : dir_readlink(fd, "", buf, size);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* getdents64(2) as it is: opendir() and readdir() cost three calls and 32 KiB more, for directories of a few names. */
int root_names(const struct root *r, struct arena *a, const char *path, const char ***ret, size_t *ret_n)
{
        _cleanup_(close_fd) int fd = open_asked(r, ASKED_LIST, path, O_RDONLY | O_DIRECTORY);
        _Alignas(struct dirent64) char buf[4096];
        const char **names = NULL;
        size_t n = 0;
        ssize_t size = 0;

        *ret = NULL;
        *ret_n = 0;
        if (fd < 0)
                return fd;
        while ((size = getdents64(fd, buf, sizeof(buf))) > 0)
                for (ssize_t at = 0; at < size;) {
                        const struct dirent64 *entry = (const struct dirent64 *)(buf + at);

                        at += entry->d_reclen;
                        if (entry->d_name[0] == '.')
                                continue;
                        str_add(a, &names, &n, arena_strdup(a, entry->d_name));
                }
        if (size < 0)
                return -errno;
        if (n > 1)
                qsort(names, n, sizeof(*names), compare_names);
        *ret = names;
        *ret_n = n;
        return 0;
}

int root_list(const struct root *r, struct arena *a, const char *path, const char ***ret, size_t *ret_n)
{
        int k = root_names(r, a, path, ret, ret_n);

        return k == -ENOENT || k == -ENOTDIR ? 0 : k;
}

static enum source source(int k)
{
        return k == 0 ? SOURCE_READ : k == -ENOENT || k == -ENOTDIR ? SOURCE_ABSENT : SOURCE_UNREADABLE;
}

enum source root_look(const struct root *r, struct arena *a, const char *path, char **ret, size_t *ret_size)
{
        enum source s = source(root_read_all(r, a, path, SOURCE_MAX, ret, ret_size));

        if (s != SOURCE_READ) {
                *ret = arena_strdup(a, "");
                *ret_size = 0;
        }
        return s;
}

enum source root_look_in(const struct root *r, struct arena *a, const char *path, const char ***ret, size_t *ret_n)
{
        return source(root_names(r, a, path, ret, ret_n));
}

int root_make_parents(const struct root *r, const char *path)
{
        char part[PATH_MAX];
        size_t len = strlen(path);
        int parent;

        if (r->dry)
                return 0;
        if (len >= sizeof(part))
                return -ENAMETOOLONG;
        parent = open_below(r, "/", O_PATH | O_DIRECTORY, 0);
        for (const char *end = path + strspn(path, "/"); parent >= 0 && (end = strchr(end, '/')); end++) {
                const char *name;
                int next;

                memcpy(part, path, (size_t)(end - path));
                part[end - path] = '\0';
                name = str_basename(part);
                if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST) {
                        int e = errno;

                        close(parent);
                        return -e;
                }
                next = open_below(r, part, O_PATH | O_DIRECTORY, 0);
                close(parent);
                parent = next;
        }
        if (parent < 0)
                return parent;
        close(parent);
        return 0;
}

int root_open_parent(const struct root *r, const char *path, int flags)
{
        char dir[PATH_MAX];
        const char *slash = strrchr(path, '/');
        size_t n = slash ? (size_t)(slash - path) : 0;

        if (n >= sizeof(dir))
                return -ENAMETOOLONG;
        memcpy(dir, path, n);
        dir[n] = '\0';
        return open_below(r, n ? dir : "/", flags | O_DIRECTORY, 0);
}

int fd_write(int fd, const void *data, size_t size)
{
        const char *at = data;

        while (size > 0) {
                ssize_t n = write(fd, at, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                at += n;
                size -= (size_t)n;
        }
        return 0;
}

int fd_sync(int fd)
{
        return fsync(fd) < 0 && errno != EINVAL && errno != EROFS ? -errno : 0;
}

static int temporary_name(const char *path, char *buf, size_t size)
{
        int n = snprintf(buf, size, ".%s.%ld~", str_basename(path), (long)getpid());

        return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* The directory that is to hold path, made where it is not there. */
static int make_parent(const struct root *r, const char *path)
{
        int parent = root_open_parent(r, path, O_PATH), k;

        if (parent != -ENOENT)
                return parent;
        k = root_make_parents(r, path);
        return k < 0 ? k : root_open_parent(r, path, O_PATH);
}

int root_replace_open(const struct root *r, const char *path, const void *data, size_t size, int *ret)
{
        _cleanup_(close_fd) int parent = r->dry ? -EROFS : make_parent(r, path), fd = -1;
        char tmp[NAME_MAX + 1];
        int k;

        if (parent < 0)
                return parent;
        k = temporary_name(path, tmp, sizeof(tmp));
        if (k < 0)
                return k;
        fd = openat(parent, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
                return -errno;
        k = fd_write(fd, data, size);
        if (k == 0)
                k = fd_sync(fd);
        if (k == 0 && renameat(parent, tmp, parent, str_basename(path)) < 0)
                k = -errno;
        if (k < 0) {
                unlinkat(parent, tmp, 0);
                return k;
        }
        *ret = fd;
        fd = -1;
        return 0;
}

int root_replace(const struct root *r, const char *path, const void *data, size_t size)
{
        _cleanup_(close_fd) int fd = -1;

        return r->dry ? 0 : root_replace_open(r, path, data, size, &fd);
}

int root_unlink(const struct root *r, const char *path, int flags)
{
        _cleanup_(close_fd) int parent = root_open_parent(r, path, O_PATH);

        if (parent < 0 || r->dry)
                return parent < 0 ? parent : 0;
        return unlinkat(parent, str_basename(path), flags) < 0 ? -errno : 0;
}

int root_symlink(const struct root *r, const char *target, const char *path)
{
        _cleanup_(close_fd) int parent = r->dry ? -1 : make_parent(r, path);
        char tmp[NAME_MAX + 1];
        int k;

        if (r->dry)
                return 0;
        if (parent < 0)
                return parent;
        k = temporary_name(path, tmp, sizeof(tmp));
        if (k < 0)
                return k;
        if (symlinkat(target, parent, tmp) < 0)
                return -errno;
        if (renameat(parent, tmp, parent, str_basename(path)) < 0) {
                k = -errno;
                unlinkat(parent, tmp, 0);
        }
        return k;
}
