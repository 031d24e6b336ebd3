/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last line: an initrd that finds no root gets back what we hold of its storage, network and USB, and what we hid.
 * A process of its own, that waits beside whatever else goes on, in either kind of initrd.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <time.h>

#include "base/str.h"
#include "bind/run.h"
#include "facts/facts.h"
#include "maker/table.h"
#include "report/outcome.h"
#include "report/sentence.h"

/* Seconds after devices have been asked for, without a root file system and without anybody being asked anything. */
#define UNHIDE_AFTER    10
#define GIVE_BACK_AFTER 30
#define WAIT_FOR_STAGE  10 /* and seconds for a stage to end that has begun */

static long now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (long)t.tv_sec;
}

/* systemd's agents have a file for each question. */
static bool passphrase_asked(const struct root *root, struct arena *a, const struct initrd *initrd)
{
        _cleanup_(close_fd) int lock = initrd->asking ? root_open_at(root, initrd->asking, O_RDONLY) : -1;
        const char **names;
        size_t n;

        if (lock >= 0) {
                if (flock(lock, LOCK_EX | LOCK_NB) < 0)
                        return true;
                flock(lock, LOCK_UN);
        }
        if (root_list(root, a, "/run/systemd/ask-password", &names, &n) < 0)
                return false;
        for (size_t i = 0; i < n; i++)
                if (startswith(names[i], "ask."))
                        return true;
        return false;
}

/* True where the root is there; false after so many seconds without it. The time that people take does not count. */
static bool wait_for_root(const struct root *root, struct arena *a, const struct initrd *initrd, long seconds)
{
        _cleanup_(close_fd) int mounts = root_open_at(root, "/proc/self/mountinfo", O_RDONLY);
        long since = now();

        while (!initrd_has_root(root, initrd)) {
                struct pollfd p = {.fd = mounts, .events = POLLPRI};

                if (passphrase_asked(root, a, initrd))
                        since = now();
                if (now() - since >= seconds)
                        return false;
                poll(&p, 1, 1000);
        }
        return true;
}

/* A device may belong to the root, or to the way to it, if it says so, or does not say what it is. */
static bool may_matter(const struct record_device *d)
{
        const struct bus *bus = bus_named(d->bus);
        unsigned roles = bus ? bus->roles(d->class) : 0;

        return roles_guarded(roles) || roles & ROLE_OBSCURE;
}

/* The record has room for some bytes more where the file system has none for another one. */
static int write_record(struct run *r, const struct record *what)
{
        _cleanup_(close_fd) int fd = -1;
        int k = record_write(r->root, &r->arena, &r->record);

        if (k < 0)
                fd = root_open_at(r->root, RECORD_PATH, O_WRONLY | O_APPEND);
        return fd < 0 ? k : record_append(fd, &r->arena, what);
}

static int give_back(struct run *r, const char *why)
{
        struct record what = {.rescued = true};
        bool claimed = false;
        int k = act_unclaim(r->root, &r->arena, &claimed);

        if (claimed)
                log_line(r->root, LOG_LEVEL_WARNING, LOG_RESCUE, NULL, NULL,
                         "no root file system after %d s: udev claims nothing more", GIVE_BACK_AFTER);

        for (size_t i = 0; i < r->record.n_devices; i++) {
                struct record_device *d = &r->record.devices[i];

                if (!record_device_held(d) || !may_matter(d) || record_carrier(&r->record, d) != d)
                        continue;
                run_give_back(r, d, why);
                record_add_outcome(&what, &r->arena, d, d->reason);
        }
        /* A root that is slow is no fault of ours where we held nothing. */
        if (what.n_outcomes == 0 && !claimed)
                return k;
        r->record.rescued = true;
        record_follow(&r->record, &r->arena);
        return write_record(r, &what);
}

/* A stage that is at it holds the record; one that hangs holds it for good, and is not waited for. */
static void wait_for_stage(const struct root *root)
{
        _cleanup_(close_fd) int fd = root_open_at(root, RECORD_PATH, O_RDONLY);

        for (int i = 0; fd >= 0 && i < WAIT_FOR_STAGE && flock(fd, LOCK_EX | LOCK_NB) < 0; i++)
                sleep(1);
}

int run_rescue(const struct root *root, const char *unused)
{
        _cleanup_(run_free) struct run r = {.root = root};
        const struct initrd *initrd = initrd_here(root, initrd_table);
        bool hidden = false;
        int k;

        (void)unused;
        if (!initrd || wait_for_root(root, &r.arena, initrd, UNHIDE_AFTER))
                return 0;
        k = act_unhide(root, &r.arena, &hidden);
        if (k == 0 && hidden)
                log_line(root, LOG_LEVEL_WARNING, LOG_RESCUE, NULL, NULL,
                         "no root file system after %d s: hidden disks show again", UNHIDE_AFTER);
        if (wait_for_root(root, &r.arena, initrd, GIVE_BACK_AFTER - UNHIDE_AFTER))
                return k;
        wait_for_stage(root);
        k = run_read_record(&r);
        return k < 0 ? k : give_back(&r, SENTENCE_GIVEN_BACK "no root file system was found without it");
}
