/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "state/record.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)

static bool is_text(struct ctl *c, const char *path, const char *text, size_t size)
{
        char *there;
        size_t n;

        return root_read_all(&c->root, &c->arena, path, FILE_MAX, &there, &n) == 0 && n == size &&
               memcmp(there, text, n) == 0;
}

/* What path leads to: a file, or nothing yet. A device or a pipe there is somebody else's. */
static int find_target(struct ctl *c, const char *path, const char **ret)
{
        struct stat st;
        int k = file_resolve(&c->root, &c->arena, path, ret);

        if (k == 0)
                k = file_stat(&c->root, *ret, &st);
        if (k == 0 && !S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
        return k == -ENOENT ? 0 : k;
}

/* made: its directory is made where it is not there. */
static int write_text(struct ctl *c, const char *path, bool made, const char *text, size_t size)
{
        const char *target;
        int k = find_target(c, path, &target);

        if (k == -ENOTSUP)
                return ctl_error("%s: is not a regular file, and is left alone", path);
        if (k == 0 && size == 0)
                k = file_remove(&c->root, target);
        else if (k == 0 && !is_text(c, target, text, size)) {
                k = made ? file_make_parents(&c->root, target) : 0;
                if (k == 0)
                        k = file_write(&c->root, target, text, size, NULL);
        }
        return k < 0 ? ctl_fail(path, k) : 0;
}

int publish_check(const struct ctl *c, const struct exporter *page)
{
        const char *file = publish_file(c, page);

        if (!c->output && !c->follow)
                return 0;
        if (!c->all || !page)
                return ctl_misused(
                        "show",
                        "--output= and --follow are for show --all with a --format= that is a file, such as cdi");
        if (!file)
                return ctl_misused("show", "where a file of that format is to be is not known; --output=FILE says it");
        return *file == '/' ? 0 : ctl_misused("show", "--output= takes an absolute path");
}

const char *publish_file(const struct ctl *c, const struct exporter *page)
{
        return c->output ? c->output : c->follow && page ? page->file : NULL;
}

int publish_page(struct ctl *c, const struct exporter *page, const struct shown *shown)
{
        const char *path = publish_file(c, page);
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        int k;

        for (size_t i = 0; f && i < shown->n_forms; i++)
                shown->forms[i].print(f, &shown->forms[i].lines);
        k = !f || fclose(f) != 0 ? ctl_fail(path, -ENOMEM) : write_text(c, path, !c->output, text, size);
        free(text);
        c->published = k == 0;
        return k;
}

static volatile sig_atomic_t ended;

static void end(int sig)
{
        (void)sig;
        ended = 1;
}

enum {
        WATCHED = IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE | IN_MOVE_SELF,
        GONE = IN_IGNORED | IN_MOVE_SELF, /* the directory: another takes its place */
};

/* The directory is there before anything is watched for. */
static int watch(struct ctl *c)
{
        _cleanup_(close_fd) int fd = -1, dir = -1;
        char path[64];
        int k = file_make_parents(&c->root, RECORD_PATH);

        dir = k < 0 ? k : root_open_at(&c->root, PASSTHROUGH_RUN, O_PATH | O_DIRECTORY);
        if (dir < 0)
                return dir;
        fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
        if (fd < 0 || inotify_add_watch(fd, path, WATCHED | IN_ONLYDIR) < 0)
                return -errno;
        k = fd;
        fd = -1;
        return k;
}

/* Whether one of the events is about the record. ret_gone: one says that the directory is another now. */
static bool has_record(int fd, bool *ret_gone)
{
        char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
        bool found = false;
        ssize_t n;

        while ((n = read(fd, buf, sizeof(buf))) > 0)
                for (const char *p = buf; p < buf + n;) {
                        const struct inotify_event *e = (const struct inotify_event *)p;

                        *ret_gone |= (e->mask & GONE) != 0;
                        found |= e->mask & IN_Q_OVERFLOW || (e->len > 0 && streq(e->name, str_basename(RECORD_PATH)));
                        p += sizeof(*e) + e->len;
                }
        return found;
}

/* What goes wrong has been said, and may go better later; the file that is there is wrong now. */
static int run_once(struct ctl *c, const char *path, int (*once)(struct ctl *c), const sigset_t *before,
                    bool *ret_failed)
{
        pid_t pid = fork();
        int status;

        if (pid < 0)
                return -errno;
        if (pid == 0) {
                sigprocmask(SIG_SETMASK, before, NULL);
                (void)once(c);
                exit(c->published ? EXIT_SUCCESS : EXIT_FAILURE);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        *ret_failed = status != 0;
        if (status != 0)
                (void)write_text(c, path, false, "", 0);
        return 0;
}

/* Seconds until the next try, if nothing changes before; the record may not change any more in this boot. */
enum { RETRY_FIRST = 5, RETRY_MAX = 300 };

static void sweep(struct ctl *c, const char *path)
{
        const char *target;

        if (file_resolve(&c->root, &c->arena, path, &target) == 0)
                file_sweep(&c->root, target);
}

int publish_follow(struct ctl *c, const char *path, int (*once)(struct ctl *c))
{
        static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
        _cleanup_(close_fd) int fd = watch(c);
        sigset_t mask, before;
        struct timespec wait = {};
        bool due = true, gone = false, failed = false;
        int k = fd < 0 ? fd : 0;

        /* They end the wait, and nothing else. */
        sigemptyset(&mask);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
                sigaddset(&mask, signals[i]);
                sigaction(signals[i], &(struct sigaction){.sa_handler = end}, NULL);
        }
        sigprocmask(SIG_BLOCK, &mask, &before);
        while (k == 0 && !ended) {
                int n = 0;

                if (due)
                        k = run_once(c, path, once, &before, &failed);
                wait.tv_sec = failed ? MIN(MAX(2 * wait.tv_sec, RETRY_FIRST), RETRY_MAX) : 0;
                if (k == 0)
                        n = ppoll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, failed ? &wait : NULL, &before);
                if (n < 0 && errno != EINTR)
                        k = -errno;
                due = has_record(fd, &gone) || n == 0;
                if (k == 0 && gone && !ended) {
                        close(fd);
                        fd = watch(c);
                        k = fd < 0 ? fd : 0;
                        due = true;
                        gone = false;
                }
        }
        if (k < 0)
                k = ctl_fail(PASSTHROUGH_RUN, k);
        sweep(c, path);
        return write_text(c, path, false, "", 0) != 0 ? EXIT_FAILURE : k;
}
