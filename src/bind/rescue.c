/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last line: an initrd that finds no root gets back what we hold of its storage, network and USB, and what we hid.
 * A process of its own, that waits beside whatever else goes on, in either kind of initrd.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>

#include "base/file.h"
#include "base/str.h"
#include "bind/run.h"
#include "facts/claim.h"
#include "facts/facts.h"
#include "maker/table.h"
#include "report/outcome.h"
#include "report/sentence.h"

/* Seconds after devices have been asked for, without a root file system and without anybody being asked anything. */
#define UNHIDE_AFTER    10
#define GIVE_BACK_AFTER 30 /* or two thirds of the initrd's patience: disks have the rest to show */
#define WAIT_FOR_STAGE  10 /* and seconds for a stage to end that has begun, or another rescue */

#define COMMAND_MAX ((size_t)64 * 1024)

static long now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (long)t.tv_sec;
}

/* What these run is the script behind their own name and options. */
#define INTERPRETERS "@(*sh|busybox|python*|perl*)"

/* The base name of what runs and its arguments, a blank behind each. */
static const char *what_runs(char *command, size_t size)
{
        char *at = command, *end = command + size;
        const char *name = str_basename(at);

        while (at < end && fnmatch(INTERPRETERS, name, FNM_EXTMATCH) == 0) {
                do
                        at += strlen(at) + 1;
                while (at < end && *at == '-');
                name = str_basename(at < end ? at : "");
        }
        for (; at < end; at++)
                if (*at == '\0')
                        *at = ' ';
        return name;
}

/* A device as root= names it, or NULL. */
static const char *path_of(struct arena *a, const char *name)
{
        static const struct {
                const char *tag, *directory;
        } tags[] = {
                {"UUID=", "/dev/disk/by-uuid/"},
                {"LABEL=", "/dev/disk/by-label/"},
                {"PARTUUID=", "/dev/disk/by-partuuid/"},
                {"PARTLABEL=", "/dev/disk/by-partlabel/"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
                if (startswith(name, tags[i].tag))
                        return arena_join(a, tags[i].directory, name + strlen(tags[i].tag), NULL);
        return startswith(name, "/dev/") ? name : NULL;
}

/* The root is there, and no more than that one device belongs to it. */
static bool root_is_whole(const struct root *root, struct arena *a, const struct initrd *initrd)
{
        static const char *const types[] = {"ext2", "ext3", "ext4", "xfs", "f2fs"};
        const char *name = initrd->device ? getenv(initrd->device) : NULL, *path = name ? path_of(a, name) : NULL;
        const char *device, *type;
        char number[32];

        if (!path || file_resolve(root, a, path, &device) < 0 || !root_exists(root, device) ||
            root_read(root, arena_join(a, "/sys/class/block/", str_basename(device), "/dev", NULL), number,
                      sizeof(number)) <= 0)
                return false;
        type = claim_property(a, claim_entry(root, a, arena_join(a, "b", number, NULL)), "ID_FS_TYPE");
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (streq_ptr(type, types[i]))
                        return true;
        return false;
}

static bool is_like(const char *pattern, const char *command)
{
        return pattern && fnmatch(pattern, command, FNM_EXTMATCH) == 0;
}

/* The process is one that the rescue waits for. */
static bool is_awaited(const struct root *root, struct arena *a, const char *pid, const struct initrd *initrd)
{
        const char *what;
        char *command;
        size_t size;

        if (*pid < '0' || *pid > '9' ||
            root_read_all(root, a, arena_join(a, "/proc/", pid, "/cmdline", NULL), COMMAND_MAX, &command, &size) < 0)
                return false;
        what = what_runs(command, size);
        return is_like(initrd->awaited, what) || (is_like(initrd->beside, what) && root_is_whole(root, a, initrd));
}

/* systemd's agents have a file for each question. */
static bool is_busy(const struct root *root, struct arena *a, const struct initrd *initrd)
{
        _cleanup_(close_fd) int lock = initrd->asking ? root_open_at(root, initrd->asking, O_RDONLY) : -1;
        const char **names;
        size_t n;

        if (lock >= 0) {
                if (flock(lock, LOCK_EX | LOCK_NB) < 0)
                        return true;
                flock(lock, LOCK_UN);
        }
        if (root_list(root, a, "/run/systemd/ask-password", &names, &n) == 0)
                for (size_t i = 0; i < n; i++)
                        if (startswith(names[i], "ask."))
                                return true;
        if (!initrd->awaited || root_list(root, a, "/proc", &names, &n) < 0)
                return false;
        for (size_t i = 0; i < n; i++)
                if (is_awaited(root, a, names[i], initrd))
                        return true;
        return false;
}

/* People take hours: what one look needs goes with it. */
static bool has_to_wait(const struct root *root, const struct initrd *initrd)
{
        struct arena a = {};
        bool is = is_busy(root, &a, initrd);

        arena_free(&a);
        return is;
}

/*
 * True where the root is there; false after so many seconds without it. The time that people take does not count, nor
 * that in which the root is checked.
 */
static bool wait_for_root(const struct root *root, const struct initrd *initrd, long seconds)
{
        _cleanup_(close_fd) int mounts = root_open_at(root, "/proc/self/mountinfo", O_RDONLY);
        long since = now();

        while (!initrd_has_root(root, initrd)) {
                struct pollfd p = {.fd = mounts, .events = POLLPRI};

                if (has_to_wait(root, initrd))
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

/* Why something is given back now: the boot has stopped, or the root is not there after so many seconds. */
static const char *because(struct arena *a, bool stopped, long seconds)
{
        return stopped ? "the boot has stopped in its initrd"
                       : arena_printf(a, "no root file system after %ld s", seconds);
}

static int give_back(struct run *r, bool stopped, long seconds)
{
        const char *why = stopped ? SENTENCE_GIVEN_BACK "the boot stopped in its initrd"
                                  : SENTENCE_GIVEN_BACK "no root file system was found without it";
        struct record what = {.rescued = true};
        bool claimed = false;
        int k = act_unclaim(r->root, &r->arena, &claimed);

        if (claimed)
                log_line(r->root, LOG_LEVEL_WARNING, LOG_RESCUE, NULL, NULL, "%s: udev claims nothing more",
                         because(&r->arena, stopped, seconds));

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

/* Seconds; who boots the host may have told its initrd to wait longer. */
static long give_back_after(const struct initrd *initrd)
{
        const char *text = initrd->longer ? getenv(initrd->longer) : NULL;
        long patience = initrd->patience;
        uint32_t longer;

        if (text && str_to_u32(text, 10, &longer) && longer > patience)
                patience = longer;
        return patience ? patience * 2 / 3 : GIVE_BACK_AFTER;
}

/* stopped: it stopped in a shell; nothing is waited for, and the rescue that waits may be at it, too. */
int run_rescue(const struct root *root, const char *stopped)
{
        _cleanup_(run_free) struct run r = {.root = root};
        _cleanup_(close_fd) int lock = -1;
        const struct initrd *initrd = initrd_here(root, initrd_table);
        long seconds = initrd ? give_back_after(initrd) : 0;
        bool hidden = false;
        int k;

        if (!initrd || (!stopped && wait_for_root(root, initrd, UNHIDE_AFTER)))
                return 0;
        k = act_unhide(root, &r.arena, &hidden);
        if (k == 0 && hidden)
                log_line(root, LOG_LEVEL_WARNING, LOG_RESCUE, NULL, NULL, "%s: hidden disks show again",
                         because(&r.arena, stopped, UNHIDE_AFTER));
        if (!stopped && wait_for_root(root, initrd, seconds - UNHIDE_AFTER))
                return k;
        wait_for_stage(root);
        (void)!record_lock(root, WAIT_FOR_STAGE, &lock);
        k = run_read_record(&r);
        return k < 0 ? k : give_back(&r, stopped, seconds);
}
