/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices and what they stand on (Documentation/ABI/stable/sysfs-block). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "guard/source.h"
#include "guard/storage.h"

#define BLOCKS    "/sys/class/block"
#define SUBSYSTEM "/nvme-subsystem/"

static ssize_t attribute(struct graph *g, const char *name, const char *file, char *buf, size_t size)
{
        char path[PATH_MAX];

        if (snprintf(path, sizeof(path), BLOCKS "/%s/%s", name, file) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        return guard_attribute(g, path, buf, size);
}

/* "dm-0 crypt", "dm-1 lvm vg-root", "md127 raid1". */
static void label(struct graph *g, struct node *n)
{
        char kind[128], name[256] = "";

        if (attribute(g, n->name, "dm/name", name, sizeof(name)) > 0)
                n->map_name = arena_strdup(g->arena, name);
        if (attribute(g, n->name, "md/level", kind, sizeof(kind)) > 0)
                n->label = arena_printf(g->arena, "%s %s", n->name, kind);
        else if (attribute(g, n->name, "dm/uuid", kind, sizeof(kind)) <= 0)
                n->label = *name ? arena_printf(g->arena, "%s %s", n->name, name) : n->name;
        else if (startswith(kind, "CRYPT-"))
                n->label = arena_printf(g->arena, "%s crypt", n->name);
        else
                n->label = arena_printf(g->arena, "%s %s%s", n->name,
                                        startswith(kind, "LVM-")     ? "lvm "
                                        : startswith(kind, "mpath-") ? "multipath "
                                                                     : "",
                                        name);
        str_make_printable((char *)n->label);
}

/*
 * Somebody else's disk, that comes over a network: iSCSI, NVMe over fabrics, FCoE, AoE, network block devices, Ceph's.
 * None of these has the way it comes among its directories.
 */
static bool is_remote(const char *name, const char *link)
{
        static const char *const names[] = {"nbd", "rbd", "etherd!"};
        static const char *const dirs[] = {"/session", "/nvme-fabrics/", "/devices/virtual/net/"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (startswith(name, names[i]))
                        return true;
        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
                if (strstr(link, dirs[i]))
                        return true;
        return false;
}

/*
 * A head of native NVMe multipath hangs off its subsystem, not off a device: it is reached through each of the
 * subsystem's controllers (drivers/nvme/host/core.c, nvme_subsys_show links).
 */
static void nvme_paths(struct graph *g, size_t node, const char *target)
{
        const char *at = strstr(target, SUBSYSTEM), **names;
        char dir[PATH_MAX], link[PATH_MAX], controller[PATH_MAX];
        size_t n;

        if (!at)
                return;
        at += strlen(SUBSYSTEM);
        if (snprintf(dir, sizeof(dir), "/sys/class/nvme-subsystem/%.*s", (int)strcspn(at, "/"), at) >= (int)sizeof(dir))
                return;
        guard_list(g, dir, &names, &n);
        for (size_t i = 0; i < n; i++)
                /* The heads are there, too: "nvme0n1". */
                if (startswith(names[i], "nvme") && !strchr(names[i] + strlen("nvme"), 'n') &&
                    snprintf(link, sizeof(link), "%s/%s", dir, names[i]) < (int)sizeof(link) &&
                    guard_readlink(g, link, controller, sizeof(controller)) > 0) {
                        guard_reach_path(g, node, controller);
                        g->evidence->nodes[node].remote |= is_remote(names[i], controller);
                }
}

static void add_block(struct graph *g, int class_fd, const char *name)
{
        char target[PATH_MAX], *slash;
        size_t node = guard_add(g, NODE_BLOCK, name, guard_link(g, class_fd, BLOCKS, name, target));

        g->evidence->nodes[node].remote = is_remote(name, target);
        nvme_paths(g, node, target);
        slash = strrchr(target, '/');
        if (!slash)
                return;
        *slash = '\0';
        g->evidence->nodes[node].parent = arena_strdup(g->arena, str_basename(target));
}

static void number(struct graph *g, struct node *n)
{
        char text[32];
        ssize_t k = attribute(g, n->name, "dev", text, sizeof(text));

        /* A hidden path of a multipath head has no number. */
        if (k != -ENOENT && (k <= 0 || sscanf(text, "%u:%u", &n->major, &n->minor) != 2)) {
                /* What is mounted from it, and whether that comes over a network, cannot be told. */
                guard_unknown(g, g->unknown, "the number of %s cannot be read", n->name);
                guard_unknown(g, &g->remote, "the number of %s cannot be read", n->name);
        }
        label(g, n);
}

/* The names in a subdirectory of a block device. */
static void list(struct graph *g, const char *name, const char *dir, const char ***ret, size_t *n)
{
        char path[PATH_MAX];

        *n = 0;
        if (snprintf(path, sizeof(path), BLOCKS "/%s/%s", name, dir) < (int)sizeof(path))
                guard_list(g, path, ret, n);
}

/* A loop device or zram may stand on a block device by its path, which no link shows. */
static void backing(struct graph *g, size_t node)
{
        static const char *const files[] = {"loop/backing_file", "backing_dev"};
        const char *name = g->evidence->nodes[node].name, *below;
        char path[PATH_MAX];
        size_t other;

        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                if (attribute(g, name, files[i], path, sizeof(path)) <= 0 || *path != '/')
                        continue;
                if (!startswith(path, "/dev/")) {
                        g->evidence->nodes[node].backing = arena_strdup(g->arena, path);
                        return;
                }
                below = path + strlen("/dev/");
                other = guard_find(g, NODE_BLOCK, below);
                below = str_basename(path);
                for (size_t n = 0; other == NO_NODE && n < g->evidence->n_nodes; n++)
                        if (g->evidence->nodes[n].map_name && streq(g->evidence->nodes[n].map_name, below))
                                other = n;
                guard_stand(g, node, other);
                if (other == NO_NODE)
                        guard_unknown(g, &g->evidence->storage_unknown, "%s is on %s, and its disk is unknown", name,
                                      path);
                return;
        }
}

/* What a device stands on; a partition of a virtual disk on that disk, which alone has slaves. */
static void relate(struct graph *g, size_t node)
{
        const char *name = g->evidence->nodes[node].name, **names;
        size_t n;

        list(g, name, "slaves", &names, &n);
        for (size_t i = 0; i < n; i++)
                guard_stand(g, node, guard_find(g, NODE_BLOCK, names[i]));
        backing(g, node);
        list(g, name, "holders", &names, &n);
        for (size_t i = 0; i < n; i++) {
                size_t holder = guard_find(g, NODE_BLOCK, names[i]);

                if (holder != NO_NODE)
                        guard_stand(g, holder, node);
        }
        if (g->evidence->nodes[node].n_devices == 0)
                guard_stand(g, node, guard_disk(g, node));
}

size_t guard_disk(const struct graph *g, size_t partition)
{
        const char *parent = g->evidence->nodes[partition].parent;

        return parent ? guard_find(g, NODE_BLOCK, parent) : NO_NODE;
}

bool guard_blocks(struct graph *g)
{
        _cleanup_(close_fd) int fd = root_open_at(g->root, BLOCKS, O_PATH | O_DIRECTORY);
        const char **names;
        size_t n;

        /* An empty class is one that has no disks; one that is not there tells nothing. */
        if (guard_class(g, BLOCKS, &names, &n) != SOURCE_READ)
                return false;
        for (size_t i = 0; i < n; i++)
                add_block(g, fd, names[i]);
        return true;
}

void guard_relate_blocks(struct graph *g)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                number(g, &g->evidence->nodes[i]);
        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                relate(g, i);
}

size_t guard_block_numbered(const struct graph *g, unsigned major, unsigned minor)
{
        const struct evidence *evidence = g->evidence;

        for (size_t i = 0; i < evidence->n_nodes; i++)
                if (evidence->nodes[i].kind == NODE_BLOCK && evidence->nodes[i].major == major &&
                    evidence->nodes[i].minor == minor)
                        return i;
        return NO_NODE;
}
