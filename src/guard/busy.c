/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a running host has in its hands at this moment: which process holds a device node of a function open, and which
 * interfaces have an address. It is looked at for work by hand: nobody has anything open early in a boot, and what
 * somebody has open now says nothing about the next one. But a disk that a process writes to as it is, the daemon of a
 * storage cluster say, shows in no other way that it is the host's: for a clearance that is looked at, too.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "guard/graph.h"

#define DEPTH_MAX    24 /* a disk behind some USB hubs is about 15 directories below its controller */
#define INPUT_MAJOR  13
#define NVIDIA_MAJOR 195

/* A node below /dev, and whose it is. */
struct devnode {
        const char *name; /* NULL: not known, the numbers tell */
        unsigned major, minor;
        bool block, vfio;
        size_t node;   /* of the host's graph; NO_NODE until somebody has it open */
        size_t device; /* the function, where node is not from the graph */
};

struct busy {
        struct graph h;
        struct devnode *v;
        size_t n;
        bool writers;         /* who only reads is of no account */
        const char **unknown; /* what cannot be told if a process cannot be looked at */
};

static void add(struct busy *b, const struct devnode *x)
{
        struct devnode *slot = arena_grow(b->h.arena, &b->v, b->n, sizeof(*b->v));

        *slot = *x;
        b->n++;
}

static bool read_numbers(struct busy *b, const char *path, struct devnode *x)
{
        char text[32];

        return root_read(b->h.root, path, text, sizeof(text)) > 0 && sscanf(text, "%u:%u", &x->major, &x->minor) == 2;
}

/* "!" stands for "/" in the kernel's names. */
static const char *block_path(struct busy *b, const char *name)
{
        char *path = arena_join(b->h.arena, "/dev/", name, NULL);

        for (char *c = path ? strchr(path, '!') : NULL; c; c = strchr(c, '!'))
                *c = '/';
        return path;
}

/* Whoever has a volume open has the disk below it. */
static void add_blocks(struct busy *b)
{
        for (size_t i = 0; i < b->h.evidence->n_nodes; i++) {
                const struct node *n = &b->h.evidence->nodes[i];
                struct devnode x = {.block = true, .major = n->major, .minor = n->minor, .node = i};

                if (n->kind != NODE_BLOCK)
                        continue;
                x.name = block_path(b, n->name);
                add(b, &x);
        }
}

/*
 * A directory below a function with the file "dev" is a device node. Its name is in "uevent", which newer kernels may
 * read under the device's lock: a machine that runs, where a driver may be hanging with that lock, is not asked for it.
 */
static void add_class_device(struct busy *b, size_t device, const char *dir)
{
        struct devnode x = {.node = NO_NODE, .device = device, .vfio = strstr(dir, "/vfio-dev/") != NULL};
        char *dev = arena_join(b->h.arena, dir, "/dev", NULL), *uevent = arena_join(b->h.arena, dir, "/uevent", NULL);
        char text[1024], *name;

        if (!read_numbers(b, dev, &x) || x.major == INPUT_MAJOR)
                return; /* a keyboard that is gone harms nobody; logind has them all open */
        if (strstr(dir, "/block/"))
                return; /* those are in the graph */
        if (!b->h.root->live && root_read(b->h.root, uevent, text, sizeof(text)) > 0 &&
            (name = strstr(text, "DEVNAME="))) {
                name += strlen("DEVNAME=");
                name[strcspn(name, "\n")] = '\0';
                x.name = arena_join(b->h.arena, "/dev/", name, NULL);
        }
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
        _cleanup_(close_dir) DIR *dir = root_opendir(b->h.root, path);
        const struct dirent *entry;
        struct pci_address at;

        while (dir && (entry = readdir(dir))) {
                if (depth > 0 && streq(entry->d_name, "dev"))
                        add_class_device(b, device, path);
                if (*entry->d_name == '.' || streq(entry->d_name, "power") || depth >= DEPTH_MAX ||
                    !is_directory(dirfd(dir), entry) || pci_address_parse(entry->d_name, &at) == 0)
                        continue;
                walk(b, device, arena_join(b->h.arena, path, "/", entry->d_name, NULL), depth + 1);
        }
}

/* The group's node, by which virtual machines hold all its functions. */
static void add_group(struct busy *b, size_t device, int group)
{
        static const char *const names[] = {"", "noiommu-"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct devnode x = {.node = NO_NODE, .device = device, .vfio = true};
                char *dev = arena_printf(b->h.arena, "/sys/class/vfio/%s%d/dev", names[i], group);

                x.name = arena_printf(b->h.arena, "/dev/vfio/%s%d", names[i], group);
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
        char *path = arena_printf(b->h.arena, "/proc/driver/nvidia/gpus/%s/information", address), text[4096], *at;

        if (root_read(b->h.root, path, text, sizeof(text)) <= 0 || !(at = strstr(text, "Device Minor:")) ||
            sscanf(at, "Device Minor: %u", &x.minor) != 1)
                return;
        x.name = arena_printf(b->h.arena, "/dev/nvidia%u", x.minor);
        add(b, &x);
}

static void add_functions(struct busy *b)
{
        for (size_t i = 0; i < b->h.facts->n_devices; i++) {
                const struct device *d = &b->h.facts->devices[i];

                if (!d->detailed || d->bridge || !d->driver)
                        continue;
                walk(b, i, d->sysfs, 0);
                if (d->group != NO_GROUP)
                        add_group(b, i, d->group);
                if (streq(d->driver, "nvidia"))
                        add_nvidia(b, i, d->address);
        }
}

static bool is_open(const struct root *root, const struct devnode *x, const char *text, const struct stat *st)
{
        if (!root->live)
                return x->name && streq(x->name, text);
        return (x->major || x->minor) && (x->block ? S_ISBLK(st->st_mode) : S_ISCHR(st->st_mode)) &&
               major(st->st_rdev) == x->major && minor(st->st_rdev) == x->minor;
}

static void report(struct busy *b, struct devnode *x, const char *text, const char *pid)
{
        struct graph *h = &b->h;
        struct device *d = &h->facts->devices[x->device];
        char *path = arena_printf(h->arena, "/proc/%s/comm", pid), comm[64] = "a process", target[PATH_MAX];

        if (root_read(h->root, path, comm, sizeof(comm)) <= 0)
                strcpy(comm, "a process");
        str_make_printable(comm);
        if (x->vfio) {
                if (!d->vfio_user)
                        d->vfio_user = arena_printf(h->arena, "%s (PID %s) has %s open", comm, pid, text);
                return;
        }
        if (x->node == NO_NODE) {
                host_add(h, NODE_FILE, -1, text, target, sizeof(target), &x->node);
                host_on_function(h, x->node, x->device);
        }
        host_use(h, x->node, "%s (PID %s)", comm, pid);
        h->evidence->uses[h->evidence->n_uses - 1].by_process = true;
}

/* proc_pid_fdinfo(5): the flags of open(2), in octal. What cannot be read may be writing. */
static bool writes(struct busy *b, const char *pid, const char *fd)
{
        char *path = arena_join(b->h.arena, "/proc/", pid, "/fdinfo/", fd, NULL), text[1024], *flags;
        unsigned v;

        if (!path || root_read(b->h.root, path, text, sizeof(text)) <= 0 || !(flags = strstr(text, "flags:")) ||
            sscanf(flags, "flags: %o", &v) != 1)
                return true;
        return (v & O_ACCMODE) != O_RDONLY;
}

/* 0, also where the process is gone. */
static void look_at(struct busy *b, const char *pid)
{
        char *path = arena_printf(b->h.arena, "/proc/%s/fd", pid), text[PATH_MAX];
        _cleanup_(close_dir) DIR *dir = root_opendir(b->h.root, path);
        const struct dirent *entry;

        if (!dir && errno != ENOENT && errno != ESRCH)
                host_unknown(&b->h, b->unknown, "who has devices open is not known: %s: %s", path, strerror(errno));
        while (dir && (entry = readdir(dir))) {
                struct stat st = {};

                /* As it sees it, in its own root. Only what may be a device is asked further: a dead NFS server's file
                 * would not answer. */
                if (dir_readlink(dirfd(dir), entry->d_name, text, sizeof(text)) <= 0 || !strstr(text, "/dev/") ||
                    (b->h.root->live && fstatat(dirfd(dir), entry->d_name, &st, 0) < 0))
                        continue;
                for (size_t i = 0; i < b->n; i++)
                        if (is_open(b->h.root, &b->v[i], text, &st) && (!b->writers || writes(b, pid, entry->d_name)))
                                report(b, &b->v[i], text, pid);
        }
}

static void look_at_processes(struct busy *b)
{
        const char **names;
        size_t n, seen = 0;
        uint32_t pid;
        int k = root_list(b->h.root, b->h.arena, "/proc", &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++)
                if (str_to_u32(names[i], 10, &pid) == 0) {
                        seen++;
                        look_at(b, names[i]);
                }
        /* A captured machine has none. */
        if (b->h.root->live && seen == 0) {
                host_unknown(&b->h, b->unknown,
                             "who has devices open is not known: no process is "
                             "to be seen in /proc");
                return;
        }
}

static bool has_carrier(struct graph *h, const char *name)
{
        char *path = arena_printf(h->arena, "/sys/class/net/%s/carrier", name), text[8];

        return !path || root_read(h->root, path, text, sizeof(text)) <= 0 || !streq(text, "0");
}

static void has_address(struct graph *h, const char *name, const char *address)
{
        size_t node = host_find(h->evidence, NODE_INTERFACE, name);

        if (node == NO_NODE || !h->evidence->nodes[node].up || !has_carrier(h, name))
                return;
        host_use(h, node, "address %s", address);
}

/* Address in hex, index, prefix length, scope, flags, interface (net/ipv6/addrconf.c, if6_seq_show). */
static void addresses6(struct graph *h)
{
        const char *line, *end, *text;
        char *file;
        int k = host_read(h, "/proc/net/if_inet6", &file);

        for (text = k == 0 ? file : ""; k == 0 && (line = host_line(&text, &end));) {
                char hex[33], name[IF_NAMESIZE], shown[INET6_ADDRSTRLEN];
                struct in6_addr address;
                unsigned scope, byte;

                /* Of a link, and of this machine alone: every interface has the former. */
                if (sscanf(line, "%32s %*x %*x %x %*x %15s", hex, &scope, name) != 3 || scope == 0x20 || scope == 0x10)
                        continue;
                for (size_t i = 0; i < sizeof(address); i++)
                        address.s6_addr[i] = sscanf(hex + 2 * i, "%2x", &byte) == 1 ? (uint8_t)byte : 0;
                if (inet_ntop(AF_INET6, &address, shown, sizeof(shown)))
                        has_address(h, name, shown);
        }
}

/* No file has IPv4 addresses by interface. Most show as routes all the same; one that is a /32 does not. */
static void addresses4(struct graph *h)
{
        struct ifaddrs *list;

        if (!h->root->live || getifaddrs(&list) < 0)
                return;
        for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
                char shown[INET_ADDRSTRLEN];

                if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
                    inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr, shown,
                              sizeof(shown)))
                        has_address(h, i->ifa_name, shown);
        }
        freeifaddrs(list);
}

static void gather(struct busy *b)
{
        addresses6(&b->h);
        addresses4(&b->h);
        add_blocks(b);
        if (!b->writers)
                add_functions(b);
        look_at_processes(b);
}

void host_busy(struct graph *h)
{
        gather(&(struct busy){.h = *h, .unknown = &h->evidence->busy_unknown});
}

void host_writers(struct graph *h)
{
        gather(&(struct busy){.h = *h, .writers = true, .unknown = &h->evidence->storage_unknown});
}
