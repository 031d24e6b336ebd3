/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "units.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/root.h"
#include "base/str.h"

bool units_have(const struct units *u, const char *name)
{
        return faccessat(u->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int make_parent(const struct units *u, const char *name)
{
        const char *slash = strchr(name, '/');
        char directory[300];

        if (!slash)
                return 0;
        if ((size_t)(slash - name) >= sizeof(directory))
                return -ENAMETOOLONG;
        memcpy(directory, name, (size_t)(slash - name));
        directory[slash - name] = '\0';
        return mkdirat(u->dir, directory, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int write_new(const struct units *u, const char *name, const char *text, size_t size)
{
        _cleanup_(close_fd) int fd = openat(u->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

        if (fd < 0)
                return -errno;
        return write(fd, text, size) == (ssize_t)size ? 0 : -EIO;
}

void units_put(struct units *u, const char *name, const char *text, size_t size)
{
        if (u->error == 0)
                u->error = make_parent(u, name);
        if (u->error == 0)
                u->error = write_new(u, name, text, size);
}

void units_write(struct units *u, const char *name, const char *text)
{
        units_put(u, name, text, strlen(text));
}

void units_mask(struct units *u, const char *name)
{
        if (u->error == 0 && symlinkat("/dev/null", u->dir, name) < 0)
                u->error = -errno;
}

static void pull(struct units *u, const char *by, const char *how, const char *unit, const char *target)
{
        char link[600], path[300];

        if (strlen(by) + strlen(how) + strlen(unit) > sizeof(path) - sizeof(UNITS_STATIC)) {
                u->error = u->error < 0 ? u->error : -ENAMETOOLONG;
                return;
        }
        stpcpy(stpcpy(stpcpy(stpcpy(stpcpy(link, by), "."), how), "/"), unit);
        if (!target || streq(target, UNITS_STATIC)) {
                stpcpy(stpcpy(stpcpy(path, target ? target : ".."), "/"), unit);
                target = path;
        }
        if (u->error == 0)
                u->error = make_parent(u, link);
        if (u->error == 0 && symlinkat(target, u->dir, link) < 0)
                u->error = -errno;
}

void units_want(struct units *u, const char *by, const char *unit, const char *target)
{
        pull(u, by, "wants", unit, target);
}

void units_require(struct units *u, const char *by, const char *unit, const char *target)
{
        pull(u, by, "requires", unit, target);
}
