/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded: the process is gone at its KILL_AT-th call that changes a file or a directory, before that call; a write
 * gets half of its bytes out first. Without KILL_AT the calls are counted into the file KILL_COUNT names.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static long calls;

static int last(void)
{
        const char *at = getenv("KILL_AT");

        return ++calls == (at ? atol(at) : -1);
}

__attribute__((destructor)) static void end(void)
{
        const char *name = getenv("KILL_COUNT");
        FILE *f = name && calls > 0 ? fopen(name, "w") : NULL; /* one that starts another has none */

        if (f) {
                fprintf(f, "%ld\n", calls);
                fclose(f);
        }
}

#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))
#define GONE       77

ssize_t write(int fd, const void *data, size_t size)
{
        /* What it says to people is no file of the host. */
        if (fd > 2 && last()) {
                (void)!NEXT(write)(fd, data, size / 2);
                _exit(GONE);
        }
        return NEXT(write)(fd, data, size);
}

int renameat(int from, const char *old, int to, const char *new)
{
        if (last())
                _exit(GONE);
        return NEXT(renameat)(from, old, to, new);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
        if (last())
                _exit(GONE);
        return NEXT(linkat)(from, old, to, new, flags);
}

int fsync(int fd)
{
        if (last())
                _exit(GONE);
        return NEXT(fsync)(fd);
}

int unlinkat(int fd, const char *name, int flags)
{
        if (last())
                _exit(GONE);
        return NEXT(unlinkat)(fd, name, flags);
}

int mkdirat(int fd, const char *name, mode_t mode)
{
        if (last())
                _exit(GONE);
        return NEXT(mkdirat)(fd, name, mode);
}

int fchmod(int fd, mode_t mode)
{
        if (last())
                _exit(GONE);
        return NEXT(fchmod)(fd, mode);
}

int openat(int dir, const char *name, int flags, ...)
{
        mode_t mode = 0;
        va_list ap;

        if (flags & O_CREAT) {
                va_start(ap, flags);
                mode = va_arg(ap, mode_t);
                va_end(ap);
        }
        if ((flags & O_ACCMODE) != O_RDONLY && last())
                _exit(GONE);
        return NEXT(openat)(dir, name, flags, mode);
}
