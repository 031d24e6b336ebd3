/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/str.h"

void sysfs_driver(const struct root *root, const char *link, char *buf, size_t size)
{
        char target[PATH_MAX];

        *buf = '\0';
        if (root_readlink(root, link, target, sizeof(target)) > 0 && strlen(str_basename(target)) < size)
                strcpy(buf, str_basename(target));
}

void sysfs_close(struct sysfs *s)
{
        close_fd(&s->shared_fd);
        s->shared_fd = -1;
}

static int open_attribute(const struct root *root, const char *path)
{
        /* O_TRUNC means nothing to sysfs; in a captured machine it makes the file hold what was written. */
        return root->dry ? -EROFS : root_open_at(root, path, O_WRONLY | (root->live ? 0 : O_TRUNC));
}

static int write_value(int fd, const char *value)
{
        size_t size = strlen(value);
        ssize_t n = write(fd, value, size);

        if (n < 0)
                return -errno;
        return (size_t)n == size ? 0 : -EIO;
}

/*
 * It keeps nothing but the two descriptors: a child that never comes back would otherwise hold the lock of the record,
 * and the pipe that somebody reads our output from.
 */
static void keep_two(int a, int b)
{
        int low = a < b ? a : b, high = a < b ? b : a;

        (void)!chdir("/");
        if (low > 0)
                close_range(0, (unsigned)low - 1, 0);
        if (high > low + 1)
                close_range((unsigned)low + 1, (unsigned)high - 1, 0);
        close_range((unsigned)high + 1, UINT_MAX, 0);
}

static _Noreturn void child(int fd, int answer, const char *value)
{
        int k;

        keep_two(fd, answer);
        k = write_value(fd, value);
        _exit(write(answer, &k, sizeof(k)) == sizeof(k) ? 0 : 1);
}

static int milliseconds_since(const struct timespec *start)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int)((now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000);
}

static bool answered(int fd, unsigned patience)
{
        struct pollfd p = {.fd = fd, .events = POLLIN};
        struct timespec start;
        int left = (int)patience * 1000, k;

        clock_gettime(CLOCK_MONOTONIC, &start);
        do {
                k = poll(&p, 1, left);
                left = (int)patience * 1000 - milliseconds_since(&start);
        } while (k < 0 && errno == EINTR && left > 0);
        return k > 0;
}

/*
 * A driver's remove() or probe() may never return, and who called it then waits in the kernel where no signal reaches
 * it. A thread would take its whole process along: that could not end either, nor could who waits for it. So it is a
 * child; one that hangs is left behind to init. It is not killed: where a signal does get through, it would only cut
 * the driver's work short.
 */
static int write_in_child(struct sysfs *s, int fd, const char *value)
{
        int answer[2], k = -EIO;
        pid_t pid;

        if (pipe2(answer, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid == 0)
                child(fd, answer[1], value);
        if (pid < 0)
                k = -errno;
        close(answer[1]);
        if (pid > 0 && !answered(answer[0], s->patience)) {
                s->stuck = pid;
                k = -ETIMEDOUT;
        } else if (pid > 0) {
                if (read(answer[0], &k, sizeof(k)) != sizeof(k))
                        k = -EIO;
                while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        close(answer[0]);
        return k;
}

static int write_shared(struct sysfs *s, const char *path, const char *value)
{
        if (s->shared_fd >= 0 && !streq(s->shared, path))
                sysfs_close(s);
        if (s->shared_fd < 0)
                s->shared_fd = open_attribute(s->root, path);
        s->shared = path;
        return s->shared_fd < 0 ? s->shared_fd : write_value(s->shared_fd, value);
}

int sysfs_write(struct sysfs *s, const char *path, const char *value, bool shared)
{
        _cleanup_(close_fd) int fd = -1;

        if (shared && s->patience == 0 && s->root->live)
                return write_shared(s, path, value);
        fd = open_attribute(s->root, path);
        if (fd < 0)
                return fd;
        return s->patience > 0 ? write_in_child(s, fd, value) : write_value(fd, value);
}

/* ---- many writes, one child ------------------------------------------------------------------------------------- */

/* A path, a NUL byte, a value: the answer to each is what the write said. Ends with who asks. */
static _Noreturn void serve(const struct root *root, int asked)
{
        char text[PATH_MAX + 256];
        ssize_t n;

        while ((n = recv(asked, text, sizeof(text) - 1, 0)) > 0) {
                int fd, k;

                text[n] = '\0';
                fd = open_attribute(root, text);
                k = fd < 0 ? fd : write_value(fd, text + strlen(text) + 1);
                if (fd >= 0)
                        close(fd);
                if (send(asked, &k, sizeof(k), MSG_NOSIGNAL) != sizeof(k))
                        break;
        }
        _exit(0);
}

static int start_writer(struct sysfs_writer *w)
{
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        w->pid = fork();
        if (w->pid == 0) {
                keep_two(w->root->fd, ends[1]);
                serve(w->root, ends[1]);
        }
        close(ends[1]);
        w->fd = ends[0];
        if (w->pid > 0)
                return 0;
        close_fd(&w->fd);
        w->fd = -1;
        return -EAGAIN;
}

/* One that hangs is left behind, as in write_in_child(). */
int sysfs_writer_write(struct sysfs_writer *w, const char *path, const char *value)
{
        size_t length = strlen(path) + 1 + strlen(value);
        char text[PATH_MAX + 256];
        int k = w->fd < 0 ? start_writer(w) : 0;

        if (k < 0)
                return k;
        if (length >= sizeof(text))
                return -ENAMETOOLONG;
        strcpy(stpcpy(text, path) + 1, value);
        if (send(w->fd, text, length, MSG_NOSIGNAL) != (ssize_t)length)
                k = -EIO;
        else if (!answered(w->fd, w->patience))
                k = -ETIMEDOUT;
        else if (recv(w->fd, &k, sizeof(k), 0) != sizeof(k))
                k = -EIO;
        if (k == -ETIMEDOUT)
                close_fd(&w->fd);
        if (k == -ETIMEDOUT)
                w->fd = -1;
        return k;
}

void sysfs_writer_end(struct sysfs_writer *w)
{
        if (w->fd < 0)
                return;
        close_fd(&w->fd);
        w->fd = -1;
        while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
                ;
}
