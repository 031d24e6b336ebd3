/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which process of a running host holds a node of a device open. It is looked at for work by hand: nobody has
 * anything open early in a boot, and what somebody has open now says nothing about the next one. But a disk that a
 * process writes to as it is, the daemon of a storage cluster say, shows in no other way that it is the host's: for a
 * clearance that is looked at, too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/str.h"
#include "guard/parts.h"
#include "guard/source.h"

#define DEPTH_MAX    24 /* a disk behind some USB hubs is about 15 directories below its controller */
#define INPUT_MAJOR  13
#define NVIDIA_MAJOR 195

/* A node below /dev, and whose it is. */
struct devnode {
        const char *name; /* NULL: not known, the numbers tell */
        unsigned major, minor;
        const char *uevent; /* of a running machine, the file that has the name */
        bool block, vfio;
        size_t node;   /* of the host's graph; NO_NODE until somebody has it open */
        size_t device; /* the one it is of, where node is not from the graph */
};

struct busy {
        struct graph *g;
        struct root quiet; /* without a tap, for /proc: which processes there are is nobody's business */
        struct devnode *v;
        size_t n;
        bool writers;         /* who only reads is of no account */
        const char **unknown; /* what cannot be told if a process cannot be looked at */
};

static void add(struct busy *b, const struct devnode *x)
{
        struct devnode *slot = arena_grow(b->g->arena, &b->v, b->n, sizeof(*b->v));

        *slot = *x;
        b->n++;
}

/* One that is there and does not tell may be anybody's. */
static bool read_numbers(struct busy *b, const char *path, struct devnode *x)
{
        char text[32];
        ssize_t n = root_read(b->g->root, path, text, sizeof(text));

        if (n > 0 && sscanf(text, "%u:%u", &x->major, &x->minor) == 2)
                return true;
        if (n != -ENOENT && n != -ENOTDIR)
                guard_unknown(b->g, b->unknown, "cannot see which programs have devices open: %s cannot be read", path);
        return false;
}

/*
 * A namespace's other node, for commands alone (/dev/ng0n1). That of one of several paths is below no controller
 * (drivers/nvme/host/multipath.c).
 */
static void add_generic(struct busy *b, size_t node)
{
        const char *name = b->g->evidence->nodes[node].name;
        struct devnode x = {.node = node};

        if (!startswith(name, "nvme") || strchr(name, 'p'))
                return;
        name += strlen("nvme");
        x.name = arena_join(b->g->arena, "/dev/ng", name, NULL);
        if (read_numbers(b, arena_join(b->g->arena, "/sys/class/nvme-generic/ng", name, "/dev", NULL), &x))
                add(b, &x);
}

/* Whoever has a volume open has the disk below it. */
static void add_blocks(struct busy *b)
{
        for (size_t i = 0; i < b->g->evidence->n_nodes; i++) {
                const struct node *n = &b->g->evidence->nodes[i];
                struct devnode x = {.block = true, .major = n->major, .minor = n->minor, .node = i};

                if (n->kind != NODE_BLOCK)
                        continue;
                x.name = guard_device_path(b->g, n);
                add(b, &x);
                add_generic(b, i);
        }
}

/*
 * A directory below a device with the file "dev" is a device node. Its name is in "uevent", which newer kernels may
 * read under the device's lock: a machine that runs, where a driver may be hanging with that lock, is not asked for it.
 */
static void add_class_device(struct busy *b, size_t device, const char *dir)
{
        const struct device *d = &b->g->facts->devices[device];
        /* Who has opened what is set aside is whom that was done for. */
        struct devnode x = {.node = NO_NODE,
                            .device = device,
                            .vfio = strstr(dir, "/vfio-dev/") || (d->bus->syntax->taken_by && guard_is_aside(d))};
        char *dev = arena_join(b->g->arena, dir, "/dev", NULL), *uevent = arena_join(b->g->arena, dir, "/uevent", NULL);
        char text[1024], *name;

        if (!read_numbers(b, dev, &x) || x.major == INPUT_MAJOR)
                return; /* a keyboard that is gone harms nobody; logind has them all open */
        if (strstr(dir, "/block/"))
                return; /* those are in the graph */
        if (!b->g->root->live && root_read(b->g->root, uevent, text, sizeof(text)) > 0 &&
            (name = strstr(text, "DEVNAME="))) {
                name += strlen("DEVNAME=");
                name[strcspn(name, "\n")] = '\0';
                x.name = arena_join(b->g->arena, "/dev/", name, NULL);
        }
        x.uevent = uevent;
        add(b, &x);
}

static bool is_directory(int dir, const struct dirent *entry)
{
        struct stat st;

        if (entry->d_type != DT_UNKNOWN)
                return entry->d_type == DT_DIR;
        return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static void walk(struct busy *b, size_t device, const char *path, unsigned depth)
{
        _cleanup_(close_dir) DIR *dir = root_opendir(b->g->root, path);
        const struct dirent *entry;

        /* A driver may have taken it away meanwhile. */
        if (!dir && errno != ENOENT && errno != ENOTDIR)
                guard_unknown(b->g, b->unknown, "cannot see which programs have devices open: %s: %s", path,
                              strerror(errno));
        while (dir && (entry = readdir(dir))) {
                if (streq(entry->d_name, "dev"))
                        add_class_device(b, device, path);
                if (*entry->d_name == '.' || streq(entry->d_name, "power") || depth >= DEPTH_MAX ||
                    !is_directory(dirfd(dir), entry) || guard_speaks_for_itself(b->g, device, entry->d_name))
                        continue;
                walk(b, device, arena_join(b->g->arena, path, "/", entry->d_name, NULL), depth + 1);
        }
}

/* The group's node, by which virtual machines hold all its devices. */
static void add_group(struct busy *b, size_t device, int group)
{
        static const char *const names[] = {"", "noiommu-"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct devnode x = {.node = NO_NODE, .device = device, .vfio = true};
                char *dev = arena_printf(b->g->arena, "/sys/class/vfio/%s%d/dev", names[i], group);

                x.name = arena_printf(b->g->arena, "/dev/vfio/%s%d", names[i], group);
                /* 0:0 is nobody's. */
                if (!read_numbers(b, dev, &x))
                        x.major = x.minor = 0;
                add(b, &x);
        }
}

/* NVIDIA's driver shows its nodes in no class. */
static void add_nvidia(struct busy *b, size_t device, const char *address)
{
        struct devnode x = {.node = NO_NODE, .device = device, .major = NVIDIA_MAJOR};
        char *path = arena_printf(b->g->arena, "/proc/driver/nvidia/gpus/%s/information", address), text[4096], *at;

        if (root_read(b->g->root, path, text, sizeof(text)) <= 0 || !(at = strstr(text, "Device Minor:")) ||
            sscanf(at, "Device Minor: %u", &x.minor) != 1)
                return;
        x.name = arena_printf(b->g->arena, "/dev/nvidia%u", x.minor);
        add(b, &x);
}

static void add_devices(struct busy *b)
{
        for (size_t i = 0; i < b->g->facts->n_devices; i++) {
                const struct device *d = &b->g->facts->devices[i];

                /*
                 * Where rules choose no driver, a device without one has a node all the same; so has a mediated device
                 * that is going, for as long as somebody has it open.
                 */
                if (!d->detailed || d->roles & ROLE_BRIDGE ||
                    (!d->driver && !d->bus->syntax->taken_by && !d->bus->syntax->made))
                        continue;
                walk(b, i, d->sysfs, 0);
                if (d->group != NO_GROUP)
                        add_group(b, i, d->group);
                if (streq_ptr(d->driver, "nvidia"))
                        add_nvidia(b, i, d->address);
        }
}

static bool is_open(const struct root *root, const struct devnode *x, const char *text, const struct statx *st)
{
        if (!root->live)
                return x->name && streq(x->name, text);
        return (x->major || x->minor) && (x->block ? S_ISBLK(st->stx_mode) : S_ISCHR(st->stx_mode)) &&
               st->stx_rdev_major == x->major && st->stx_rdev_minor == x->minor;
}

/* What ends a program that waits for somebody to log in at a serial port; NULL: it is none. */
static const char *login(const struct graph *g, const char *comm, const char *path)
{
        if (!startswith(path, "/dev/tty") || (!endswith(comm, "getty") && !streq(comm, "login")))
                return NULL;
        return arena_join(g->arena, "a login waits there: systemctl disable --now serial-getty@",
                          path + strlen("/dev/"), ".service", NULL);
}

/* The system's service that a process is of (cgroups(7), /proc/PID/cgroup), or NULL. */
static const char *service_of(const struct graph *g, const char *pid)
{
        char *path = arena_join(g->arena, "/proc/", pid, "/cgroup", NULL), text[1024], *unit;

        if (root_read(g->root, path, text, sizeof(text)) <= 0 || !(unit = strstr(text, ":/system.slice/")))
                return NULL;
        unit[strcspn(unit, "\n")] = '\0';
        unit = strrchr(unit, '/') + 1;
        str_make_printable(unit);
        /* logind has a session's cards open for it. */
        return endswith(unit, ".service") && !startswith(unit, "systemd-") ? arena_strdup(g->arena, unit) : NULL;
}

/* What ends a program that has a graphics card open; NULL: it is none. */
static const char *picture(const struct graph *g, const char *pid, const char *path)
{
        const char *service;

        if (!startswith(path, "/dev/dri/") && !startswith(path, "/dev/nvidia") && !startswith(path, "/dev/fb"))
                return NULL;
        service = service_of(g, pid);
        return service ? arena_join(g->arena, "a service of the host is on it: systemctl stop ", service, NULL)
                       : "a session is on it: systemctl stop display-manager.service, or end the program";
}

static void report(struct busy *b, struct devnode *x, const char *text, const char *pid)
{
        struct graph *g = b->g;
        struct device *d = &g->facts->devices[x->device];
        char *path = arena_printf(g->arena, "/proc/%s/comm", pid), comm[64];
        const char *ending;

        if (root_read(g->root, path, comm, sizeof(comm)) <= 0)
                strcpy(comm, "a process");
        str_make_printable(comm);
        if (x->vfio) {
                if (!d->vfio_user)
                        d->vfio_user = arena_printf(g->arena, "%s (PID %s) has %s open", comm, pid, text);
                return;
        }
        if (x->node == NO_NODE) {
                x->node = guard_add(g, NODE_FILE, text, "");
                guard_reach(g, x->node, x->device);
        }
        guard_use(g, x->node, "%s (PID %s)", comm, pid);
        g->evidence->uses[g->evidence->n_uses - 1].by_process = true;
        ending = login(g, comm, text);
        g->evidence->uses[g->evidence->n_uses - 1].ending = ending ? ending : picture(g, pid, text);
}

/* proc_pid_fdinfo(5): the flags of open(2), in octal. What cannot be read may be writing. */
static bool writes(struct busy *b, const char *pid, const char *fd)
{
        char *path = arena_join(b->g->arena, "/proc/", pid, "/fdinfo/", fd, NULL), text[1024], *flags;
        unsigned v;

        if (root_read(b->g->root, path, text, sizeof(text)) <= 0 || !(flags = strstr(text, "flags:")) ||
            sscanf(flags, "flags: %o", &v) != 1)
                return true;
        return (v & O_ACCMODE) != O_RDONLY;
}

/* A capture knows nodes by their names. */
static void note(const struct busy *b, const struct devnode *x, const char *dir, const char *fd, const char *text)
{
        root_note(b->g->root, ASKED_LINK, dir, fd, 0);
        if (b->g->root->tap && b->g->root->live && x->uevent && startswith(text, "/dev/"))
                root_made(b->g->root, x->uevent, arena_join(b->g->arena, "DEVNAME=", text + strlen("/dev/"), NULL));
}

/* It may be gone by now. Of the files that it has open, only devices are anybody's business. */
static void look_at(struct busy *b, const char *pid)
{
        char *path = arena_printf(b->g->arena, "/proc/%s/fd", pid), text[PATH_MAX];
        _cleanup_(close_dir) DIR *dir = root_opendir(b->g->root, path);
        const struct dirent *entry;

        if (!dir && errno != ENOENT && errno != ESRCH)
                guard_unknown(b->g, b->unknown, "cannot see which programs have devices open: %s: %s", path,
                              strerror(errno));
        while (dir && (entry = readdir(dir))) {
                struct statx st = {};
                ssize_t n = dir_readlink(dirfd(dir), entry->d_name, text, sizeof(text));

                /*
                 * As it sees it, in its own root. Only what may be a device is asked further, and of that what is
                 * known here already, which never changes for a device: a dead NFS server would not answer.
                 */
                if (n <= 0 || !strstr(text, "/dev/"))
                        continue;
                if (b->g->root->live && statx(dirfd(dir), entry->d_name, AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
                        continue;
                for (size_t i = 0; i < b->n; i++) {
                        if (!is_open(b->g->root, &b->v[i], text, &st))
                                continue;
                        note(b, &b->v[i], path, entry->d_name, text);
                        if (!b->writers || writes(b, pid, entry->d_name))
                                report(b, &b->v[i], text, pid);
                }
        }
}

static void look_at_processes(struct busy *b)
{
        const char **names;
        size_t n, seen = 0;
        uint32_t pid;

        root_look_in(&b->quiet, b->g->arena, "/proc", &names, &n);
        for (size_t i = 0; i < n; i++)
                if (str_to_u32(names[i], 10, &pid)) {
                        seen++;
                        look_at(b, names[i]);
                }
        /* A captured machine has none. */
        if (b->g->root->live && seen == 0)
                guard_unknown(b->g, b->unknown, "cannot see which programs have devices open: /proc shows no process");
}

static struct root without_tap(const struct graph *g)
{
        struct root root = *g->root;

        root.tap = NULL;
        return root;
}

void guard_busy(struct graph *g)
{
        struct busy b = {.g = g, .quiet = without_tap(g), .unknown = &g->evidence->busy_unknown};

        add_blocks(&b);
        add_devices(&b);
        look_at_processes(&b);
}

/* What a process does over InfiniBand it opens these for (Documentation/infiniband/user_verbs.rst, user_mad.rst). */
static void add_infiniband(struct busy *b)
{
        static const char *const classes[] = {"/sys/class/infiniband_verbs", "/sys/class/infiniband_mad"};
        char link[PATH_MAX];

        for (size_t c = 0; c < ARRAY_SIZE(classes); c++) {
                _cleanup_(close_fd) int fd = root_open_at(b->g->root, classes[c], O_PATH | O_DIRECTORY);
                const char **names;
                size_t n;

                if (guard_list(b->g, classes[c], &names, &n) == SOURCE_UNREADABLE)
                        guard_unknown(b->g, &b->g->evidence->rdma_unknown, "%s cannot be read", classes[c]);
                for (size_t i = 0; i < n; i++) {
                        struct devnode x = {.name = arena_join(b->g->arena, "/dev/infiniband/", names[i], NULL)};

                        if (!read_numbers(b, arena_join(b->g->arena, classes[c], "/", names[i], "/dev", NULL), &x))
                                continue; /* "abi_version" */
                        x.node = guard_add(b->g, NODE_FILE, x.name, guard_link(b->g, fd, classes[c], names[i], link));
                        add(b, &x);
                }
        }
}

void guard_writers(struct graph *g)
{
        const char *unknown = NULL;
        struct busy b = {.g = g, .quiet = without_tap(g), .writers = true, .unknown = &unknown};

        add_blocks(&b);
        add_infiniband(&b);
        look_at_processes(&b);
        if (unknown) {
                guard_unknown(g, &g->evidence->storage_unknown, "%s", unknown);
                guard_unknown(g, &g->evidence->rdma_unknown, "%s", unknown);
        }
}
