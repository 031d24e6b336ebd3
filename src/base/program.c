/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/root.h"

#define PLACES     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define OUTPUT_MAX ((size_t)64 * 1024 * 1024)

static const char *find_in(struct arena *a, const char *places, const char *name)
{
        for (size_t n; *places; places += n + (places[n] == ':')) {
                char *path;

                n = strcspn(places, ":");
                if (*places != '/')
                        continue;
                path = arena_printf(a, "%.*s/%s", (int)n, places, name);
                if (!path || access(path, X_OK) == 0)
                        return path;
        }
        return NULL;
}

const char *program_find(struct arena *a, const char *name)
{
        const char *places = getenv("PATH"), *path = places ? find_in(a, places, name) : NULL;

        return path ? path : find_in(a, PLACES, name);
}

static pid_t start(const char *const *argv, int output, int complaints)
{
        /* The lock that they hold with apply is no accident: LVM's tools would say so. */
        static const char path[] = "PATH=" PLACES, quiet[] = "LVM_SUPPRESS_FD_WARNINGS=1";
        pid_t child = fork();
        int null;

        if (child != 0)
                return child < 0 ? -errno : child;
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null >= 0)
                dup2(null, STDIN_FILENO);
        dup2(output, STDOUT_FILENO);
        dup2(complaints >= 0 ? complaints : null, STDERR_FILENO);
        if (putenv((char *)path) == 0 && putenv((char *)quiet) == 0)
                execv(argv[0], (char *const *)argv);
        _exit(127);
}

static int wait_for(pid_t child)
{
        int status;

        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int read_all(int fd, struct arena *a, char **ret, size_t *ret_size)
{
        size_t room = 65536, n = 0;
        char *buf = arena_alloc(a, room + 1);

        while (buf) {
                ssize_t k = read(fd, buf + n, room - n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0) {
                        *ret = buf;
                        *ret_size = n;
                        return 0;
                }
                n += (size_t)k;
                if (n == room) {
                        char *larger;

                        if (room >= OUTPUT_MAX)
                                return -EFBIG;
                        larger = arena_alloc(a, 2 * room + 1);
                        memcpy(larger, buf, n);
                        buf = larger;
                        room *= 2;
                }
        }
        return -ENOMEM;
}

int program_output(const char *const *argv, struct arena *a, char **ret, size_t *ret_size)
{
        int ends[2], k, status;
        pid_t child;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        child = start(argv, ends[1], -1);
        close(ends[1]);
        k = child < 0 ? child : read_all(ends[0], a, ret, ret_size);
        close(ends[0]);
        if (child < 0)
                return child;
        status = wait_for(child);
        return k < 0 ? k : status;
}

/* A file, not a pipe: a program that is left alone goes on writing. */
int program_run(const char *const *argv, struct arena *a, const char **ret_said)
{
        _cleanup_(close_fd) int file = memfd_create("output", MFD_CLOEXEC);
        pid_t child = file < 0 ? -errno : start(argv, file, file);
        char *said = NULL;
        size_t size = 0;
        int k, status;

        *ret_said = "";
        if (child < 0)
                return child;
        status = wait_for(child);
        k = lseek(file, 0, SEEK_SET) < 0 ? -errno : read_all(file, a, &said, &size);
        if (k < 0)
                return status < 0 ? status : k;
        said[size] = '\0';
        *ret_said = said;
        return status;
}
