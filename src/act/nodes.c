/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "act/await.h"
#include "base/str.h"

struct noder {
        const struct root *root;
        struct arena *arena;
        const struct nodes *nodes;
        struct diags *problems;
};

static bool any_access(const struct nodes *nodes)
{
        return nodes->owner.set || nodes->group.set || nodes->mode.set;
}

static void problem(struct noder *w, const char *path, int error)
{
        diag_add(w->problems, DIAG_ERROR, NULL, 0, "%s: %s", path, strerror(-error));
}

/*
 * Of a node, without opening it: VFIO lets one program at a time open a group. The mode is set while it is our own,
 * which takes CAP_CHOWN alone.
 */
static int set_access(const struct nodes *n, int fd)
{
        char self[32];
        struct stat st;
        uid_t owner;
        gid_t group;

        if (fstat(fd, &st) < 0)
                return -errno;
        owner = n->owner.set ? n->owner.to : st.st_uid;
        group = n->group.set ? n->group.to : st.st_gid;
        if (n->mode.set && (st.st_mode & 07777) != n->mode.to) {
                snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
                if (st.st_uid != geteuid() && fchownat(fd, "", geteuid(), (gid_t)-1, AT_EMPTY_PATH) < 0)
                        return -errno;
                if (chmod(self, n->mode.to) < 0)
                        return -errno;
                st.st_uid = geteuid();
        }
        if (st.st_uid == owner && st.st_gid == group)
                return 0;
        return fchownat(fd, "", owner, group, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* The nodes there are of a device, the one that is named first: its own, else its group's. */
static void nodes_of(struct noder *w, const struct device *d, const char **ret, size_t *ret_n)
{
        char *dir = arena_join(w->arena, d->sysfs, "/vfio-dev", NULL), *group;
        const char **names;
        size_t n;
        int k = root_list(w->root, w->arena, dir, &names, &n);

        *ret_n = 0;
        if (k < 0)
                return;
        if (n > 0) {
                ret[*ret_n] = arena_join(w->arena, "/dev/vfio/devices/", names[0], NULL);
                *ret_n += root_exists(w->root, ret[*ret_n]);
        }
        group = d->group == NO_GROUP ? NULL : arena_printf(w->arena, "/dev/vfio/%d", d->group);
        if (group && root_exists(w->root, group))
                ret[(*ret_n)++] = group;
}

static void link_to(struct noder *w, const char *base, const char *name, const char *target)
{
        char *path = arena_join(w->arena, base, "/", name, NULL);
        int k = root_symlink(w->root, target, path);

        if (k < 0)
                problem(w, path, k);
}

/* True if it is of that type itself (S_IFLNK, S_IFDIR), not what a link leads to. */
static bool is(struct noder *w, const char *path, mode_t type)
{
        _cleanup_(close_fd) int fd = root_open_at(w->root, path, O_PATH | O_NOFOLLOW);
        struct stat st;

        return fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* udev makes the link, and had no number for it where it came before /var. */
static void ask_for_link(struct noder *w, const struct node_device *x)
{
        if (!streq(x->name, w->nodes->rule) && !is(w, arena_join(w->arena, NODE_LINKS "/", x->name, NULL), S_IFLNK))
                await_ask(w->root, w->arena, x->device);
}

static void settle_device(struct noder *w, const struct node_device *x)
{
        const char *paths[2];
        size_t n = 0;

        if (x->name)
                link_to(w, DEVICE_LINKS, x->name, x->device->sysfs);
        if (x->name && w->nodes->claimed)
                ask_for_link(w, x);
        if (x->vfio)
                nodes_of(w, x->device, paths, &n);
        if (n == 0 && x->vfio && any_access(w->nodes)) {
                diag_add(w->problems, DIAG_ERROR, NULL, 0,
                         "%s has no node below /dev/vfio to set Owner=, Group= and Mode= on", x->device->address);
                return;
        }
        for (size_t i = 0; any_access(w->nodes) && i < n; i++) {
                _cleanup_(close_fd) int fd = root_open_at(w->root, paths[i], O_PATH | O_NOFOLLOW);
                int k = fd < 0 ? fd : set_access(w->nodes, fd);

                if (k < 0)
                        problem(w, paths[i], k);
        }
        if (x->name && n > 0)
                link_to(w, NODE_LINKS, x->name, paths[0]);
}

static bool wanted(const struct nodes *nodes, const char *name)
{
        for (size_t i = 0; i < nodes->n; i++)
                if (nodes->devices[i].name && streq(nodes->devices[i].name, name))
                        return true;
        return false;
}

/* Links of the rule that are of nothing it has any more. */
static void prune(struct noder *w, const char *base)
{
        const char *rule = w->nodes->rule, **names;
        char *one = arena_join(w->arena, base, "/", rule, NULL), *many = arena_join(w->arena, one, ".d", NULL);
        size_t n;

        if (!wanted(w->nodes, rule) && is(w, one, S_IFLNK))
                (void)!root_unlink(w->root, one, 0);
        /* Not where it is the link of a rule that happens to be called so. */
        if (!is(w, many, S_IFDIR))
                return;
        if (root_list(w->root, w->arena, many, &names, &n) < 0)
                n = 0;
        for (size_t i = 0; i < n; i++)
                if (!wanted(w->nodes, arena_join(w->arena, rule, ".d/", names[i], NULL)))
                        (void)!root_unlink(w->root, arena_join(w->arena, many, "/", names[i], NULL), 0);
        (void)!root_unlink(w->root, many, AT_REMOVEDIR);
}

static void put_access(FILE *f, const struct nodes *n)
{
        if (n->owner.set)
                fprintf(f, ", OWNER=\"%u\"", n->owner.to);
        if (n->group.set)
                fprintf(f, ", GROUP=\"%u\"", n->group.to);
        if (n->mode.set)
                fprintf(f, ", MODE=\"%04o\"", n->mode.to);
        fputc('\n', f);
}

/*
 * Nodes go and come with drivers, and a node that comes is root's alone: udev gives it away again. A group's number is
 * given anew once the group is gone: what counts is who is in it.
 */
static char *udev_rules(const struct nodes *nodes, size_t *ret_size)
{
        char *text = NULL;
        FILE *f = open_memstream(&text, ret_size);

        if (!f)
                return NULL;
        fprintf(f, "# Made for rule %s of passthrough.d(5)\n", nodes->rule);
        for (size_t i = 0; i < nodes->n; i++) {
                const struct device *d = nodes->devices[i].device;

                if (!nodes->devices[i].vfio)
                        continue;
                fprintf(f, "SUBSYSTEM==\"vfio-dev\", KERNELS==\"%s\"", d->address);
                put_access(f, nodes);
                if (d->group == NO_GROUP)
                        continue;
                fprintf(f, "SUBSYSTEM==\"vfio\", KERNEL==\"%d\", TEST==\"/sys/kernel/iommu_groups/%d/devices/%s\"",
                        d->group, d->group, d->address);
                put_access(f, nodes);
        }
        if (fclose(f) == 0)
                return text;
        free(text);
        return NULL;
}

static bool any_vfio(const struct nodes *nodes)
{
        for (size_t i = 0; i < nodes->n; i++)
                if (nodes->devices[i].vfio)
                        return true;
        return false;
}

static void tell_udev(struct noder *w)
{
        char *path = arena_join(w->arena, "/run/udev/rules.d/72-passthrough-", w->nodes->rule, ".rules", NULL), *text;
        size_t size;
        int k;

        if (!any_access(w->nodes) || !any_vfio(w->nodes)) {
                k = root_unlink(w->root, path, 0);
                if (!(k == 0 || k == -ENOENT))
                        problem(w, path, k);
                return;
        }
        text = udev_rules(w->nodes, &size);
        k = root_replace(w->root, path, text, size);
        free(text);
        if (k < 0)
                problem(w, path, k);
}

/* udev first: whatever it does from here on is as it should be. */
void act_nodes(const struct root *root, struct arena *a, const struct nodes *nodes, struct diags *problems)
{
        struct noder w = {.root = root, .arena = a, .nodes = nodes, .problems = problems};

        if (!nodes->claimed) {
                tell_udev(&w);
                prune(&w, NODE_LINKS);
        }
        prune(&w, DEVICE_LINKS);
        for (size_t i = 0; i < nodes->n; i++)
                settle_device(&w, &nodes->devices[i]);
}
