/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices and what they stand on (Documentation/ABI/stable/sysfs-block). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "guard/graph.h"

#define BLOCKS    "/sys/class/block"
#define SUBSYSTEM "/nvme-subsystem/"

static ssize_t attribute(struct graph *h, const char *name, const char *file, char *buf, size_t size)
{
        char path[PATH_MAX];

        if (snprintf(path, sizeof(path), BLOCKS "/%s/%s", name, file) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        return root_read(h->root, path, buf, size);
}

/* "dm-0 crypt", "dm-1 lvm vg-root", "md127 raid1". */
static int label(struct graph *h, struct node *n)
{
        char kind[128], name[256] = "";

        if (attribute(h, n->name, "dm/name", name, sizeof(name)) > 0)
                n->map_name = arena_strdup(h->arena, name);
        if (attribute(h, n->name, "md/level", kind, sizeof(kind)) > 0)
                n->label = arena_printf(h->arena, "%s %s", n->name, kind);
        else if (attribute(h, n->name, "dm/uuid", kind, sizeof(kind)) <= 0)
                n->label = *name ? arena_printf(h->arena, "%s %s", n->name, name) : n->name;
        else if (startswith(kind, "CRYPT-"))
                n->label = arena_printf(h->arena, "%s crypt", n->name);
        else
                n->label = arena_printf(h->arena, "%s %s%s", n->name,
                                        startswith(kind, "LVM-")     ? "lvm "
                                        : startswith(kind, "mpath-") ? "multipath "
                                                                     : "",
                                        name);
        str_make_printable((char *)n->label);
        return 0;
}

/*
 * A head of native NVMe multipath hangs off its subsystem, not off a function: it is reached through each of the
 * subsystem's controllers (drivers/nvme/host/core.c, nvme_subsys_show links).
 */
static void nvme_paths(struct graph *h, size_t node, const char *target)
{
        const char *at = strstr(target, SUBSYSTEM), **names;
        char dir[PATH_MAX], link[PATH_MAX], controller[PATH_MAX];
        size_t n;
        int k;

        if (!at)
                return;
        at += strlen(SUBSYSTEM);
        if (snprintf(dir, sizeof(dir), "/sys/class/nvme-subsystem/%.*s", (int)strcspn(at, "/"), at) >= (int)sizeof(dir))
                return;
        k = root_list(h->root, h->arena, dir, &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++)
                if (startswith(names[i], "nvme") &&
                    snprintf(link, sizeof(link), "%s/%s", dir, names[i]) < (int)sizeof(link) &&
                    root_readlink(h->root, link, controller, sizeof(controller)) > 0)
                        host_on_path(h, node, controller);
}

static void add_block(struct graph *h, int class_fd, const char *name)
{
        char target[PATH_MAX];
        size_t node;

        host_add(h, NODE_BLOCK, class_fd, name, target, sizeof(target), &node);
        nvme_paths(h, node, target);
}

static int number(struct graph *h, struct node *n)
{
        char text[32];

        if (attribute(h, n->name, "dev", text, sizeof(text)) <= 0 || sscanf(text, "%u:%u", &n->major, &n->minor) != 2)
                n->major = n->minor = 0; /* a hidden path of a multipath head has no number */
        return label(h, n);
}

/* The names in a subdirectory of a block device: 0 with n 0 where there is no such directory. */
static void list(struct graph *h, const char *name, const char *dir, const char ***ret, size_t *n)
{
        char path[PATH_MAX];

        *n = 0;
        if (snprintf(path, sizeof(path), BLOCKS "/%s/%s", name, dir) < (int)sizeof(path))
                (void)!root_list(h->root, h->arena, path, ret, n);
}

/* A loop device or zram may stand on a block device by its path, which no link shows. */
static void backing(struct graph *h, size_t node)
{
        static const char *const files[] = {"loop/backing_file", "backing_dev"};
        const char *name = h->evidence->nodes[node].name, *below;
        char path[PATH_MAX];
        size_t other;

        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                if (attribute(h, name, files[i], path, sizeof(path)) <= 0 || !startswith(path, "/dev/"))
                        continue;
                below = path + strlen("/dev/");
                other = host_find(h->evidence, NODE_BLOCK, below);
                below = str_basename(path);
                for (size_t n = 0; other == NO_NODE && n < h->evidence->n_nodes; n++)
                        if (h->evidence->nodes[n].map_name && streq(h->evidence->nodes[n].map_name, below))
                                other = n;
                if (other != NO_NODE) {
                        host_stand(h, node, other);
                        return;
                }
                host_unknown(h, &h->evidence->storage_unknown, "%s is on %s, and which disk that is is not known", name,
                             path);
                return;
        }
}

/* What a device stands on; a partition of a virtual disk on that disk, which alone has slaves. */
static void relate(struct graph *h, size_t node)
{
        const char *name = h->evidence->nodes[node].name, **names;
        char target[PATH_MAX], link[PATH_MAX], *slash;
        size_t n;

        list(h, name, "slaves", &names, &n);

        for (size_t i = 0; i < n; i++)
                host_stand(h, node, host_find(h->evidence, NODE_BLOCK, names[i]));
        backing(h, node);
        list(h, name, "holders", &names, &n);
        for (size_t i = 0; i < n; i++) {
                size_t holder = host_find(h->evidence, NODE_BLOCK, names[i]);

                if (holder != NO_NODE)
                        host_stand(h, holder, node);
        }
        if (h->evidence->nodes[node].n_functions > 0 ||
            snprintf(link, sizeof(link), BLOCKS "/%s", name) >= (int)sizeof(link) ||
            root_readlink(h->root, link, target, sizeof(target)) <= 0 || !(slash = strrchr(target, '/')))
                return;
        *slash = '\0';
        host_stand(h, node, host_find(h->evidence, NODE_BLOCK, str_basename(target)));
}

int host_blocks(struct graph *h)
{
        _cleanup_(close_fd) int fd = root_open_at(h->root, BLOCKS, O_PATH | O_DIRECTORY);
        const char **names;
        size_t n;

        if (fd < 0 || root_list(h->root, h->arena, BLOCKS, &names, &n) < 0)
                return 1;
        for (size_t i = 0; i < n; i++)
                add_block(h, fd, names[i]);
        return 0;
}

int host_relate_blocks(struct graph *h)
{
        size_t n = h->evidence->n_nodes;
        int k = 0;

        for (size_t i = 0; k == 0 && i < n; i++)
                k = number(h, &h->evidence->nodes[i]);
        for (size_t i = 0; k == 0 && i < n; i++)
                relate(h, i);
        return k;
}
