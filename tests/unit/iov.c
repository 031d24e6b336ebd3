/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded: the kernel's part of SR-IOV below $IOV_ROOT. Before a write to sysfs it runs $IOV_KERNEL with "before PATH
 * VALUE", and an exit status is the error that the write fails with; behind one that succeeded, with "after". Time is
 * not waited for: it passes where somebody waits. A child's write that does not come back stands in $IOV_STUCK, a FIFO,
 * once it hangs. How many seconds went by is written to $IOV_CLOCK at the end. IOV_AGAIN: so many times the driver is
 * not ready for a setting that comes through netlink (EAGAIN), and then takes it. IOV_FORKS: how many children the
 * process had is written there at the end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "preload.h"

#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static long long passed; /* nanoseconds */
static struct timespec start;

static const char *path_of(int fd)
{
        const char *path = path_below(getenv("IOV_ROOT"), fd);

        return path && strncmp(path, "/sys/", 5) == 0 ? path : NULL;
}

/* The kernel's answer: 0 or an error. */
static int kernel(const char *when, const char *path, const void *data, size_t size)
{
        static char *none[] = {(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
        char value[256];
        char *argv[] = {(char *)"bash", getenv("IOV_KERNEL"), (char *)when, (char *)path, value, NULL};
        int status;
        pid_t pid;

        if (!argv[1])
                return 0;
        snprintf(value, sizeof(value), "%.*s", (int)size, (const char *)data);
        if (posix_spawnp(&pid, "bash", NULL, NULL, argv, none) != 0)
                abort();
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        abort();
        return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

ssize_t write(int fd, const void *data, size_t size)
{
        const char *path = path_of(fd);
        int error = path ? kernel("before", path, data, size) : 0;
        ssize_t n;

        if (error) {
                errno = error;
                return -1;
        }
        n = NEXT(write)(fd, data, size);
        if (path && n > 0)
                kernel("after", path, data, size);
        return n;
}

static int forks;

pid_t fork(void)
{
        forks++;
        return NEXT(fork)();
}

/* Somebody waits for a child: until it has come back, or hangs for sure. */
int poll(struct pollfd *fds, nfds_t n, int timeout)
{
        const char *fifo = getenv("IOV_STUCK");
        char said[16];
        struct pollfd both[2] = {fds[0],
                                 {.fd = fifo ? open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1, .events = POLLIN}};
        int k;

        if (n != 1 || timeout < 0)
                abort();
        k = NEXT(poll)(both, 2, -1);
        /* The next one that hangs says so anew. */
        if (both[1].revents & POLLIN && !both[0].revents)
                (void)!read(both[1].fd, said, sizeof(said));
        close(both[1].fd);
        if (k < 0)
                return k;
        fds[0].revents = both[0].revents;
        if (both[0].revents)
                return 1;
        passed += timeout * 1000000LL;
        return 0;
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
        (void)left;
        passed += t->tv_sec * 1000000000LL + t->tv_nsec;
        return 0;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
        int k = NEXT(clock_gettime)(clock, t);

        t->tv_sec += passed / 1000000000LL;
        t->tv_nsec += passed % 1000000000LL;
        if (t->tv_nsec >= 1000000000L) {
                t->tv_nsec -= 1000000000L;
                t->tv_sec++;
        }
        return k;
}

/* ---- rtnetlink ---------------------------------------------------------------------------------------------------
 */

static struct nlmsghdr asked; /* the setting that no answer has come to yet */

unsigned if_nametoindex(const char *name)
{
        return getenv("IOV_AGAIN") ? (unsigned)name[strlen(name) - 1] : NEXT(if_nametoindex)(name);
}

ssize_t mnl_socket_sendto(const struct mnl_socket *socket, const void *message, size_t size)
{
        const struct nlmsghdr *h = message;

        if (!getenv("IOV_AGAIN") || h->nlmsg_type != RTM_SETLINK)
                return NEXT(mnl_socket_sendto)(socket, message, size);
        asked = *h;
        return (ssize_t)size;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *socket, void *buffer, size_t size)
{
        static int refusals;
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        struct nlmsgerr *answer;

        if (!asked.nlmsg_len)
                return NEXT(mnl_socket_recvfrom)(socket, buffer, size);
        answer = mnl_nlmsg_put_extra_header(h, sizeof(*answer));
        h->nlmsg_type = NLMSG_ERROR;
        h->nlmsg_seq = asked.nlmsg_seq;
        h->nlmsg_pid = mnl_socket_get_portid(socket);
        answer->error = refusals++ < atoi(getenv("IOV_AGAIN")) ? -EAGAIN : 0;
        answer->msg = asked;
        asked.nlmsg_len = 0;
        return h->nlmsg_len;
}

__attribute__((constructor)) static void begin(void)
{
        clock_gettime(CLOCK_MONOTONIC, &start);
}

static void write_number(const char *variable, long n)
{
        const char *name = getenv(variable);
        FILE *f = name ? fopen(name, "w") : NULL;

        if (!f)
                return;
        fprintf(f, "%ld\n", n);
        fclose(f);
}

__attribute__((destructor)) static void finish(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        write_number("IOV_CLOCK", now.tv_sec - start.tv_sec);
        write_number("IOV_FORKS", forks);
}
