/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a running host visibly uses its storage, network and USB controllers. It is believed only where all of these
 * files can be read.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "facts/gather.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024)

struct use {
        const struct root *root;
        struct arena *arena;
        struct facts *facts;
        char *mountinfo, *swaps;
        const char **sources; /* block devices that mount sources name: anonymous devices tell no number */
        size_t n_sources;
        const char *network_unknown; /* why no interface at all can be told unused */
        const char *storage_unknown; /* why no disk at all can be told unused */
};

static int read_file(struct use *u, const char *path, char **ret)
{
        size_t size;

        return root_read_all(u->root, u->arena, path, FILE_MAX, ret, &size);
}

/* Sets used_by once: the first reason found is the one that is told. */
static int use(struct use *u, struct device *d, const char *format, ...) _printf_(3, 4);
static int use(struct use *u, struct device *d, const char *format, ...)
{
        va_list ap;

        if (d->used_by)
                return 0;
        va_start(ap, format);
        d->used_by = arena_vprintf(u->arena, format, ap);
        va_end(ap);
        return d->used_by ? 0 : -ENOMEM;
}

/* The function that a class link (/sys/class/block/sda, /sys/class/net/eth0) sits below, or NULL. */
static struct device *owner(struct use *u, const char *link)
{
        char target[PATH_MAX], *part, *rest = target;
        struct device *found = NULL;

        if (root_readlink(u->root, link, target, sizeof(target)) <= 0)
                return NULL;
        while ((part = strsep(&rest, "/"))) {
                size_t i = facts_find(u->facts, part);

                if (i != NO_DEVICE)
                        found = &u->facts->devices[i];
        }
        return found;
}

/* Whether field number field (0 on) of a line of text is value; white space separates. *ret_line is that line. */
static bool has_field(const char *text, unsigned field, const char *value, const char **ret_line)
{
        size_t n = strlen(value);

        for (const char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
                const char *c = line;

                for (unsigned i = 0; i < field; i++) {
                        c += strcspn(c, " \t\n");
                        c += strspn(c, " \t");
                }
                if (strncmp(c, value, n) == 0 && strchr(" \t\n", c[n])) {
                        *ret_line = line;
                        return true;
                }
        }
        return false;
}

static int add_source(struct use *u, char *path)
{
        char *link = arena_printf(u->arena, "%s", path), target[PATH_MAX];
        const char **slot;

        if (!link)
                return -ENOMEM;
        for (unsigned hops = 0; hops < 8 && root_readlink(u->root, link, target, sizeof(target)) > 0; hops++) {
                /* Links below /dev end in the kernel's name of the device. */
                link = *target == '/' ? arena_strdup(u->arena, target)
                                      : arena_printf(u->arena, "/dev/%s", str_basename(target));
                if (!link)
                        return -ENOMEM;
        }
        slot = arena_grow(u->arena, &u->sources, u->n_sources, sizeof(*u->sources));
        if (!slot)
                return -ENOMEM;
        *slot = str_basename(link);
        u->n_sources++;
        return 0;
}

/* "... - TYPE SOURCE OPTIONS": the source may be a list, separated by colons (bcachefs). */
static int mount_sources(struct use *u)
{
        char *copy = arena_strdup(u->arena, u->mountinfo), *line;

        if (!copy)
                return -ENOMEM;
        while ((line = strsep(&copy, "\n"))) {
                char *dash = strstr(line, " - "), *type, *source, *path;

                if (!dash)
                        continue;
                dash += 3;
                type = strsep(&dash, " ");
                source = dash ? strsep(&dash, " ") : NULL;
                if (!type || !source)
                        continue;
                while ((path = strsep(&source, ":")))
                        if (startswith(path, "/dev/") && add_source(u, path) < 0)
                                return -ENOMEM;
        }
        return 0;
}

static bool is_source(const struct use *u, const char *name)
{
        for (size_t i = 0; i < u->n_sources; i++)
                if (streq(u->sources[i], name))
                        return true;
        return false;
}

static int block_device(struct use *u, const char *name)
{
        char *link = arena_printf(u->arena, "/sys/class/block/%s", name);
        char *holders = arena_printf(u->arena, "/sys/class/block/%s/holders", name);
        char *dev_file = arena_printf(u->arena, "/sys/class/block/%s/dev", name);
        char *node = arena_printf(u->arena, "/dev/%s", name), dev[32];
        const char **held, *line;
        struct device *d;
        size_t n_held;
        int k;

        if (!link || !holders || !dev_file || !node)
                return -ENOMEM;
        d = owner(u, link);
        if (!d || !d->detailed)
                return 0;
        k = root_list(u->root, u->arena, holders, &held, &n_held);
        if (k == -ENOMEM)
                return k;
        if (k == 0 && n_held > 0)
                return use(u, d, "%s is held by %s", name, held[0]);
        if (root_read(u->root, dev_file, dev, sizeof(dev)) <= 0)
                return use(u, d, "what uses %s is not known", name);
        if (has_field(u->mountinfo, 2, dev, &line)) {
                const char *where = line;

                for (unsigned i = 0; i < 4; i++) {
                        where += strcspn(where, " ");
                        where += strspn(where, " ");
                }
                return use(u, d, "%s is mounted at %.*s", name, (int)strcspn(where, " \n"), where);
        }
        if (is_source(u, name))
                return use(u, d, "%s is mounted", name);
        return has_field(u->swaps, 0, node, &line) ? use(u, d, "%s is swap", name) : 0;
}

/* The members of a mounted btrfs, which neither mountinfo nor holders name. */
static int btrfs_members(struct use *u)
{
        const char **file_systems;
        size_t n;
        int k = root_list(u->root, u->arena, "/sys/fs/btrfs", &file_systems, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char *dir = arena_printf(u->arena, "/sys/fs/btrfs/%s/devices", file_systems[i]);
                const char **members;
                size_t n_members;

                if (!dir)
                        return -ENOMEM;
                k = root_list(u->root, u->arena, dir, &members, &n_members);
                for (size_t j = 0; k == 0 && j < n_members; j++) {
                        char *link = arena_printf(u->arena, "/sys/class/block/%s", members[j]);
                        struct device *d = link ? owner(u, link) : NULL;

                        if (!link || (d && use(u, d, "%s is in a btrfs that is mounted", members[j]) < 0))
                                return -ENOMEM;
                }
        }
        return k == -ENOMEM ? k : 0;
}

/* A disk that fstab names and that is not in use yet cannot be told from the others here. */
static int fstab(struct use *u)
{
        char *text, *line;
        int k = read_file(u, "/etc/fstab", &text);

        if (k < 0)
                return k == -ENOENT ? 0 : k;
        for (; (line = strsep(&text, "\n"));) {
                const char **field, *found;
                size_t n;

                k = str_words(u->arena, line, &field, &n);
                if (k < 0)
                        return k;
                if (n < 3 || field[0][0] == '#' || startswith(field[0], "/dev/sr") ||
                    startswith(field[0], "/dev/cdrom") || startswith(field[0], "/dev/fd") ||
                    (!strchr(field[0], '=') && !startswith(field[0], "/dev/")))
                        continue;
                if (streq(field[2], "swap") ? strchr(u->swaps, '/') != NULL
                                            : has_field(u->mountinfo, 4, field[1], &found))
                        continue;
                u->storage_unknown =
                        arena_printf(u->arena,
                                     "fstab has %s for %s, which is not in use now: which disk it is on is "
                                     "not known",
                                     field[0], field[1]);
                return u->storage_unknown ? 0 : -ENOMEM;
        }
        return 0;
}

static int storage(struct use *u)
{
        const char **names, *line;
        size_t n;
        int k;

        if (read_file(u, "/proc/self/mountinfo", &u->mountinfo) < 0 || read_file(u, "/proc/swaps", &u->swaps) < 0 ||
            !root_exists(u->root, "/sys/class/block")) {
                u->storage_unknown = "what is mounted is not known";
                return 0;
        }
        /* "... - zfs pool/data ...": which disks a pool is on shows nowhere in sysfs. */
        if (strstr(u->mountinfo, " - zfs "))
                u->storage_unknown = "a zfs pool is in use, and on which disks is not known";
        if (!has_field(u->mountinfo, 4, "/", &line))
                u->storage_unknown = "what is mounted is not known";
        if ((!u->storage_unknown && fstab(u) < 0) || mount_sources(u) < 0)
                return -ENOMEM;

        k = root_list(u->root, u->arena, "/sys/class/block", &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++)
                k = block_device(u, names[i]);
        return k < 0 ? k : btrfs_members(u);
}

static int network(struct use *u)
{
        char *routes = NULL, *routes6 = NULL;
        bool known = read_file(u, "/proc/net/route", &routes) == 0;
        const char **names, *line;
        size_t n;
        int k = root_list(u->root, u->arena, "/sys/class/net", &names, &n);

        if (k < 0 || n == 0) {
                u->network_unknown = "which interfaces there are is not known";
                return k == -ENOMEM ? k : 0;
        }
        if (read_file(u, "/proc/net/ipv6_route", &routes6) < 0)
                routes6 = NULL;
        for (size_t i = 0; k == 0 && i < n; i++) {
                char *link = arena_printf(u->arena, "/sys/class/net/%s", names[i]), text[32];
                char *flags = arena_printf(u->arena, "%s/flags", link ? link : "");
                char *master = arena_printf(u->arena, "%s/master", link ? link : "");
                struct device *d;
                uint32_t v;

                if (!link || !flags || !master)
                        return -ENOMEM;
                d = owner(u, link);
                if (!d || !d->detailed)
                        continue;
                d->has_interface = true;
                if (!known)
                        k = use(u, d, "which interfaces carry routes is not known");
                else if (has_field(routes, 0, names[i], &line) || (routes6 && has_field(routes6, 9, names[i], &line)))
                        k = use(u, d, "%s carries a route of the host", names[i]);
                else if (root_exists(u->root, master))
                        k = use(u, d, "%s is a port of another interface", names[i]);
                else if (root_read(u->root, flags, text, sizeof(text)) <= 0 ||
                         str_to_u32(startswith(text, "0x") ? text + 2 : text, 16, &v) < 0)
                        k = use(u, d, "whether %s is up is not known", names[i]);
                else if (v & 1) /* IFF_UP */
                        k = use(u, d, "%s is up", names[i]);
        }
        return k == -ENOMEM ? k : 0;
}

/* Anything plugged in below a root hub may be the keyboard, the root disk or the network. */
static int usb(struct use *u, struct device *d)
{
        const char **entries, **ports;
        size_t n, n_ports;
        int k = root_list(u->root, u->arena, d->sysfs, &entries, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char *hub;

                if (!startswith(entries[i], "usb"))
                        continue;
                hub = arena_printf(u->arena, "%s/%s", d->sysfs, entries[i]);
                if (!hub)
                        return -ENOMEM;
                k = root_list(u->root, u->arena, hub, &ports, &n_ports);
                for (size_t j = 0; k == 0 && j < n_ports; j++)
                        if (ports[j][0] >= '0' && ports[j][0] <= '9' && strchr(ports[j], '-') && !strchr(ports[j], ':'))
                                k = use(u, d, "USB device %s is plugged in there", ports[j]);
        }
        return k == -ENOMEM ? k : 0;
}

static int controller(struct use *u, struct device *d)
{
        bool is_storage = class_is(d->class, "storage"), is_usb = class_is(d->class, "usb");
        const char *driver = d->driver ? d->driver : "";

        if (!is_storage && !is_usb && !class_is(d->class, "network"))
                return 0;
        if (startswith(driver, "vfio") || streq(driver, "pci-stub"))
                return 0; /* not the host's at present */
        if (is_storage && u->storage_unknown)
                return use(u, d, "%s", u->storage_unknown);
        if (is_storage && !*driver)
                return use(u, d, "it has no driver, so what is on its disks cannot be seen");
        if (class_is(d->class, "network") && u->network_unknown)
                return use(u, d, "%s", u->network_unknown);
        if (class_is(d->class, "network") && *driver && !d->has_interface)
                return use(u, d, "%s has it, and its interface is nowhere to be seen: another network namespace may",
                           driver);
        return is_usb ? usb(u, d) : 0;
}

int use_gather(const struct root *root, struct arena *a, struct facts *facts)
{
        struct use u = {.root = root, .arena = a, .facts = facts};
        int k = storage(&u);

        if (k == 0)
                k = network(&u);
        for (size_t i = 0; k == 0 && i < facts->n_devices; i++)
                if (facts->devices[i].detailed)
                        k = controller(&u, &facts->devices[i]);
        return k;
}
