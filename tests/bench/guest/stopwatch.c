/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stopwatch COMMAND [ARGUMENT...]: runs it and prints "PID START TIME STATUS": its process, the monotonic clock before
 * it was started, how long it took to its end (both in nanoseconds), and its exit status.
 */
#include <err.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static int64_t now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int main(int argc, char *argv[])
{
        int64_t start, end;
        int status, k;
        pid_t pid;

        if (argc < 2)
                errx(EXIT_FAILURE, "usage: stopwatch COMMAND [ARGUMENT...]");
        start = now();
        k = posix_spawn(&pid, argv[1], NULL, NULL, argv + 1, environ);
        if (k != 0)
                errx(EXIT_FAILURE, "%s: cannot be run", argv[1]);
        if (waitpid(pid, &status, 0) != pid)
                err(EXIT_FAILURE, "waitpid");
        end = now();
        printf("%d %lld %lld %d\n", (int)pid, (long long)start, (long long)(end - start),
               WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        return EXIT_SUCCESS;
}
