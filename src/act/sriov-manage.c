/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/sriov-manage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "act/sysfs.h"
#include "base/str.h"

#define RUN_SECONDS 60 /* that it may take */
#define ALL_SECONDS 90 /* after which it is not run again */
#define TRIES       5
#define PAUSE       2
#define PATIENCE    20 /* seconds that a write has */
#define SAID_MAX    200

static unsigned seconds_now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (unsigned)t.tv_sec;
}

/* ---- what is there ---------------------------------------------------------------------------------------------- */

static const char *driver_of(const struct manage *m, const char *dir)
{
        char driver[NAME_MAX + 1];

        sysfs_driver(m->root, arena_join(m->arena, dir, "/driver", NULL), driver, sizeof(driver));
        return arena_strdup(m->arena, driver);
}

/* The address of that virtual function, and *ret its directory; NULL: it is not there. */
static const char *function(const struct manage *m, uint32_t index, const char **ret)
{
        char target[PATH_MAX];

        *ret = arena_printf(m->arena, "%s/virtfn%u", m->parent->sysfs, index);
        return root_readlink(m->root, *ret, target, sizeof(target)) > 0 ? arena_strdup(m->arena, str_basename(target))
                                                                        : NULL;
}

static const char *with_driver(const struct manage *m, const char *who, const char *driver)
{
        return arena_join(m->arena, who, *driver ? " is bound to " : " has no driver", driver, NULL);
}

/* What is not as it is to be, or NULL. */
static const char *lacking(const struct manage *m)
{
        const char *wanted = m->parent->driver_now, *driver = driver_of(m, m->parent->sysfs), *dir, *address;
        uint32_t n = 0;

        if (!streq_ptr(wanted, driver))
                return with_driver(m, m->parent->address, driver);
        for (; (address = function(m, n, &dir)); n++)
                if (!streq(wanted, driver = driver_of(m, dir)))
                        return with_driver(m, address, driver);
        return n < m->count ? arena_printf(m->arena, "%u of %u virtual functions are there", n, m->count) : NULL;
}

/* ---- running it ------------------------------------------------------------------------------------------------- */

/* In a session of its own: who ends us does not end it halfway. output: or NULL. */
static int start(const struct manage *m, int output, pid_t *ret)
{
        static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
        char *environment[] = {path, NULL}, *copy = arena_strdup(m->arena, m->program);
        const char **words;
        char *argv[8] = {copy};
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        size_t n;
        int k;

        str_words(m->arena, m->arguments, &words, &n);
        for (size_t i = 0; i < n && i + 2 < ARRAY_SIZE(argv); i++)
                argv[i + 1] = (char *)words[i];
        posix_spawn_file_actions_init(&files);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
        k = posix_spawn(ret, m->program, &files, &attributes, argv, environment);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&files);
        return -k;
}

static int wait_for(pid_t pid, unsigned seconds)
{
        _cleanup_(close_fd) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
        struct pollfd p = {.fd = fd, .events = POLLIN};
        unsigned end = seconds_now() + seconds;
        int k;

        if (fd < 0)
                return -errno;
        do
                k = poll(&p, 1, seconds_now() < end ? (int)(end - seconds_now()) * 1000 : 0);
        while (k < 0 && errno == EINTR);
        if (k == 0)
                return -ETIMEDOUT;
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        return 0;
}

/* The last line of its output, as far as people can read it. */
static const char *last_line(const struct manage *m, int output)
{
        char text[8192];
        off_t size = lseek(output, 0, SEEK_END);
        ssize_t n = pread(output, text, sizeof(text) - 1, MAX(0, size - (off_t)sizeof(text) + 1));
        char *line;

        n = MAX(n, 0);
        while (n > 0 && strchr(" \t\r\n", text[n - 1]))
                n--;
        text[n] = '\0';
        line = strrchr(text, '\n');
        line = line ? line + 1 : text;
        if (strlen(line) > SAID_MAX)
                line[SAID_MAX] = '\0';
        return str_printable(m->arena, line);
}

/* Once. 0 or -errno; *ret_said: what it said last. */
static int run(const struct manage *m, const char **ret_said)
{
        /* A file, not a pipe: one that is left alone goes on writing. */
        _cleanup_(close_fd) int output = memfd_create("output", MFD_CLOEXEC);
        pid_t pid;
        int k = output < 0 ? -errno : start(m, output, &pid);

        *ret_said = "";
        if (k < 0)
                return k;
        k = wait_for(pid, RUN_SECONDS);
        *ret_said = last_line(m, output);
        return k;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

/* False: it has not come back, and another may not either. */
static bool try_write(struct sysfs_writer *w, const char *path, const char *value)
{
        return sysfs_writer_write(w, path, value) != -ETIMEDOUT;
}

/* What it has left with a driver of its own, or with none, would stay so. */
static void give_drivers_back(const struct manage *m)
{
        struct sysfs_writer w = {.root = m->root, .patience = PATIENCE, .fd = -1};
        const struct device *d = m->parent;
        const char *bus = d->bus->syntax->sysfs, *driver = driver_of(m, d->sysfs), *dir, *address;
        bool goes_on = true;

        if (d->driver_now && *driver && !streq(driver, d->driver_now))
                goes_on = try_write(&w, arena_join(m->arena, d->sysfs, "/driver/unbind", NULL), d->address);
        if (goes_on && d->driver_now && !streq(driver, d->driver_now))
                goes_on =
                        try_write(&w, arena_join(m->arena, bus, "/drivers/", d->driver_now, "/bind", NULL), d->address);
        for (uint32_t n = 0; goes_on && (address = function(m, n, &dir)); n++)
                if (!*driver_of(m, dir))
                        goes_on = try_write(&w, arena_join(m->arena, bus, "/drivers_probe", NULL), address);
        sysfs_writer_end(&w);
}

static void complain(const struct manage *m, int error, const char *said, const char *lack)
{
        const char *ended = error == -ETIMEDOUT ? arena_printf(m->arena, "it has not ended within %u s", RUN_SECONDS)
                            : error < 0         ? strerror(-error)
                                                : "it has ended";

        diag_add(m->problems, DIAG_ERROR, NULL, 0, "%s %s: %s, and %s%s%s", m->program, m->arguments, ended, lack,
                 *said ? "; it said: " : "", said);
}

bool manage_functions(const struct manage *m)
{
        unsigned end = seconds_now() + ALL_SECONDS;
        const char *said = "", *lack;
        int k = 0;

        for (unsigned i = 0; (lack = lacking(m)) && i < TRIES && k == 0 && seconds_now() < end; i++) {
                if (i > 0)
                        nanosleep(&(struct timespec){.tv_sec = PAUSE}, NULL);
                k = m->root->live ? run(m, &said) : -EOPNOTSUPP;
                if (k == 0)
                        give_drivers_back(m);
        }
        if (lack)
                complain(m, k, said, lack);
        return !lack;
}
