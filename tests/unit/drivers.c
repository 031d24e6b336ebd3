/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded: below $DRIVERS_ROOT writes to sysfs do what the kernel does, and the process is killed at one of its
 * calls.
 *
 * unbind and drivers_probe move the "driver" link of a function. A function that no override speaks of goes to the
 * driver that its file "native" names. DRIVERS_LOG gets a line "PATH VALUE" for each write to sysfs. KILL_AT: bN is
 * killed before, aN behind the N-th call that changes a file or a directory; before a write to a file half of its bytes
 * get out, and to sysfs none. KILL_COUNT: the number of those calls goes to that file. FULL_AT: from the N-th on there
 * is no room. HURRY: who waits for a mount has waited for so many seconds; COMES: the COMES_AT-th time that directory
 * is there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "preload.h"

#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static long hurried, waits, before_main, *counter = &before_main;
static pid_t whole;

#define calls (*counter)

/* A child that does one of the writes counts, too, and is not killed alone. */
__attribute__((constructor)) static void share(void)
{
        long *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        whole = getpid();
        if (p != MAP_FAILED)
                counter = p;
}

static void die(void)
{
        if (getpid() != whole)
                kill(getppid(), SIGKILL);
        raise(SIGKILL);
}

static int at(char when)
{
        const char *kill_at = getenv("KILL_AT");

        return kill_at && *kill_at == when && calls == atol(kill_at + 1);
}

static void begin(void)
{
        calls++;
        if (at('b'))
                die();
}

static int end(int result)
{
        if (at('a'))
                die();
        return result;
}

/* path: of what is written to, or NULL; FULL_IN: only what is below that is full. */
static int is_full(const char *path)
{
        const char *full_at = getenv("FULL_AT"), *in = getenv("FULL_IN");

        if (!full_at || calls < atol(full_at) || (in && (!path || strncmp(path, in, strlen(in)) != 0)))
                return 0;
        errno = ENOSPC;
        return 1;
}

__attribute__((destructor)) static void finish(void)
{
        const char *name = getenv("KILL_COUNT");
        FILE *f = name ? fopen(name, "w") : NULL;

        if (f) {
                fprintf(f, "%ld\n", calls);
                fclose(f);
        }
}

static const char *path_of(int fd)
{
        return path_below(getenv("DRIVERS_ROOT"), fd);
}

static void function_file(char *buf, const char *address, const char *name)
{
        snprintf(buf, PATH_MAX, "%s/sys/bus/pci/devices/%s/%s", getenv("DRIVERS_ROOT"), address, name);
}

static int read_name(const char *address, const char *file, char *buf, size_t size)
{
        char path[PATH_MAX];
        FILE *f;

        function_file(path, address, file);
        f = fopen(path, "r");
        if (!f || !fgets(buf, (int)size, f))
                *buf = '\0';
        if (f)
                fclose(f);
        buf[strcspn(buf, "\n")] = '\0';
        return *buf && strcmp(buf, "(null)") != 0;
}

static void probe(const char *address)
{
        char link[PATH_MAX], target[PATH_MAX], driver[256], path[PATH_MAX];

        function_file(link, address, "driver");
        if (!read_name(address, "driver_override", driver, sizeof(driver)) &&
            !read_name(address, "native", driver, sizeof(driver)))
                return;
        snprintf(target, sizeof(target), "/sys/bus/pci/drivers/%s", driver);
        snprintf(path, sizeof(path), "%s%s", getenv("DRIVERS_ROOT"), target);
        if (access(path, F_OK) == 0)
                (void)!symlink(target, link); /* one that is bound stays so */
}

static void unbind(const char *address)
{
        char link[PATH_MAX];

        function_file(link, address, "driver");
        unlink(link);
}

static int to_kernel(const char *path, const char *data, size_t size)
{
        const char *name = getenv("DRIVERS_LOG"), *file = strrchr(path, '/');
        char value[256];
        FILE *f = name ? fopen(name, "a") : NULL;

        snprintf(value, sizeof(value), "%.*s", (int)size, data);
        if (f) {
                fprintf(f, "%s %s%s", path, value, strchr(value, '\n') ? "" : "\n");
                fclose(f);
        }
        if (strcmp(file, "/unbind") == 0)
                unbind(value);
        if (strcmp(file, "/drivers_probe") == 0)
                probe(value);
        return (int)size;
}

ssize_t write(int fd, const void *data, size_t size)
{
        const char *path = fd > 2 ? path_of(fd) : NULL;
        int sysfs = path && strncmp(path, "/sys/", 5) == 0;
        ssize_t n;

        if (!path)
                return NEXT(write)(fd, data, size);
        calls++;
        if (at('b')) {
                if (!sysfs)
                        (void)!NEXT(write)(fd, data, size / 2);
                die();
        }
        if (!sysfs && is_full(path)) {
                (void)!NEXT(write)(fd, data, size / 2);
                return -1;
        }
        n = NEXT(write)(fd, data, size);
        if (sysfs && n > 0)
                to_kernel(path, data, size);
        end(0);
        return n;
}

int renameat(int from, const char *old, int to, const char *new)
{
        begin();
        return end(NEXT(renameat)(from, old, to, new));
}

int mkdirat(int fd, const char *name, mode_t mode)
{
        begin();
        return faccessat(fd, name, F_OK, 0) < 0 && is_full(NULL) ? -1 : end(NEXT(mkdirat)(fd, name, mode));
}

int openat(int dir, const char *name, int flags, ...)
{
        mode_t mode = 0;
        va_list ap;

        if (!(flags & O_CREAT))
                return NEXT(openat)(dir, name, flags);
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
        begin();
        return is_full(NULL) ? -1 : end(NEXT(openat)(dir, name, flags, mode));
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
        if (!getenv("HURRY") || n != 1 || fds->events != POLLPRI)
                return NEXT(poll)(fds, n, timeout);
        hurried += atol(getenv("HURRY"));
        if (++waits == (getenv("COMES_AT") ? atol(getenv("COMES_AT")) : 3) && getenv("COMES"))
                NEXT(mkdir)(getenv("COMES"), 0755);
        return 0;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
        int k = NEXT(clock_gettime)(clock, t);

        if (clock == CLOCK_MONOTONIC)
                t->tv_sec += hurried;
        return k;
}
