/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host has on block devices now. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "guard/graph.h"

/* Where it will be once the host runs. */
static const char *host_path(const struct graph *h, const char *path)
{
        if (h->facts->in_initrd && streq(path, "/"))
                return "the initrd's own /";
        if (!h->facts->in_initrd || !startswith(path, SYSROOT))
                return path;
        path += strlen(SYSROOT);
        return *path ? path : "/";
}

static int read_mounts(struct graph *h, const char *text)
{
        const char **f;
        size_t n;
        int k;

        while ((k = host_fields(h, &text, &f, &n)) > 0) {
                size_t dash = 5; /* optional fields come before it */
                struct mount m, *slot;

                while (dash < n && !streq(f[dash], "-"))
                        dash++;
                if (dash + 2 >= n || sscanf(f[2], "%u:%u", &m.major, &m.minor) != 2)
                        continue;
                m.at = host_path(h, f[4]);
                m.type = f[dash + 1];
                m.source = f[dash + 2];
                m.options = dash + 3 < n ? f[dash + 3] : "";
                slot = arena_grow(h->arena, &h->mounts, h->n_mounts, sizeof(*slot));
                *slot = m;
                h->n_mounts++;
        }
        return k;
}

bool host_mounted(const struct graph *h, const char *at)
{
        for (size_t i = 0; i < h->n_mounts; i++)
                if (streq(h->mounts[i].at, at) && !streq(h->mounts[i].type, "autofs"))
                        return true;
        return false;
}

size_t host_by_number(const struct evidence *evidence, unsigned major, unsigned minor)
{
        for (size_t i = 0; i < evidence->n_nodes; i++)
                if (evidence->nodes[i].kind == NODE_BLOCK && evidence->nodes[i].major == major &&
                    evidence->nodes[i].minor == minor)
                        return i;
        return NO_NODE;
}

/* The file system of several members that a device is one of, or the device. */
static size_t whole(const struct evidence *evidence, size_t node)
{
        for (size_t i = 0; i < evidence->n_nodes; i++)
                for (size_t b = 0; evidence->nodes[i].kind == NODE_POOL && b < evidence->nodes[i].n_below; b++)
                        if (evidence->nodes[i].below[b] == node)
                                return i;
        return node;
}

/* A btrfs that nobody has mounted is known by the UUID that all its members carry. */
static void use_members(struct graph *h, size_t node, const char *what)
{
        const struct node *n = &h->evidence->nodes[node];
        const char *type = host_tag(n, "TYPE="), *uuid = host_tag(n, "UUID=");

        for (size_t i = 0; type && uuid && streq(type, "btrfs") && i < h->evidence->n_nodes; i++) {
                const char *other = i == node ? NULL : host_tag(&h->evidence->nodes[i], "UUID=");

                if (other && streq(other, uuid))
                        host_use(h, i, "%s", what);
        }
}

int host_use_spec(struct graph *h, const char *spec, const char *what)
{
        int found = 0;

        for (size_t node = 0; (node = host_resolve(h, spec, node)) != NO_NODE; node++, found++) {
                host_use(h, whole(h->evidence, node), "%s", what);
                use_members(h, node, what);
        }
        return found;
}

/*
 * Devices that a file system has beside its own, by its options: an XFS log or realtime device, an ext4 journal,
 * members of a btrfs.
 */
int host_use_options(struct graph *h, const char *options, const char *what)
{
        static const char *const keys[] = {"logdev=", "rtdev=", "journal_path=", "device="};
        char *rest = arena_strdup(h->arena, options), *option;

        while ((option = strsep(&rest, ",")))
                for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                        const char *spec = option + strlen(keys[i]);
                        int k;

                        if (!startswith(option, keys[i]))
                                continue;
                        k = host_use_spec(h, spec, what);
                        if (k == 0)
                                host_unknown(h, &h->evidence->storage_unknown,
                                             "%s has %s, and which disk that is is not known", what, option);
                        if (k < 0)
                                return k;
                }
        return 0;
}

/* A new node for a pool; *ret_members is how many block devices it stands on. */
static void add_pool(struct graph *h, const char *kind, const char *name, size_t *ret)
{
        char target[2];

        host_add(h, NODE_POOL, -1, name, target, sizeof(target), ret);
        h->evidence->nodes[*ret].label = arena_printf(h->arena, "%s %s", kind, h->evidence->nodes[*ret].label);
}

static void btrfs_pools(struct graph *h)
{
        const char **ids, **members;
        size_t n, n_members, pool;
        int k = root_list(h->root, h->arena, "/sys/fs/btrfs", &ids, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char dir[PATH_MAX];

                if (snprintf(dir, sizeof(dir), "/sys/fs/btrfs/%s/devices", ids[i]) >= (int)sizeof(dir) ||
                    root_list(h->root, h->arena, dir, &members, &n_members) < 0 || n_members == 0)
                        continue;
                /* One alone stands for itself. */
                if (n_members == 1) {
                        pool = host_find(h->evidence, NODE_BLOCK, members[0]);
                        if (pool != NO_NODE) {
                                h->evidence->nodes[pool].held = true;
                                continue;
                        }
                }
                add_pool(h, "btrfs", ids[i], &pool);
                for (size_t m = 0; k == 0 && m < n_members; m++) {
                        size_t node = host_find(h->evidence, NODE_BLOCK, members[m]);

                        k = 0;
                        if (node != NO_NODE)
                                host_stand(h, pool, node);
                        else
                                host_unknown(h, &h->evidence->storage_unknown,
                                             "btrfs %s has a member %s, which is on no disk that is seen", ids[i],
                                             members[m]);
                }
        }
}

static bool has_tag(const struct node *n, const char *kind, const char *value)
{
        size_t prefix = strlen(kind);

        for (size_t i = 0; i < n->n_tags; i++)
                if (startswith(n->tags[i], kind) && streq(n->tags[i] + prefix, value))
                        return true;
        return false;
}

/* Which disks a pool is on shows nowhere but on the disks themselves; a cache or a spare does not name its pool. */
void host_use_pool(struct graph *h, const char *dataset, const char *what)
{
        char *name = arena_strndup(h->arena, dataset, strcspn(dataset, "/@"));
        size_t pool = name ? host_find(h->evidence, NODE_POOL, name) : NO_NODE, n = h->evidence->n_nodes;
        bool all_tagged = true;

        if (pool != NO_NODE) {
                host_use(h, pool, "%s", what);
                return;
        }
        add_pool(h, "zfs", name, &pool);
        for (size_t i = 0; i < n; i++) {
                const struct node *b = &h->evidence->nodes[i];

                all_tagged &= b->kind != NODE_BLOCK || b->tagged || b->n_functions == 0 || b->major == 0;
                if (b->kind == NODE_BLOCK && has_tag(b, "TYPE=", "zfs_member") &&
                    (has_tag(b, "LABEL=", name) || !host_tag(b, "LABEL=")))
                        host_stand(h, pool, i);
        }
        if ((h->evidence->nodes[pool].n_below == 0 || !all_tagged))
                host_unknown(h, &h->evidence->storage_unknown, "zfs pool %s is in use, and on which disks is not known",
                             name);
        host_use(h, pool, "%s", what);
}

static void zfs_imported(struct graph *h)
{
        const char **names;
        size_t n;
        int k = root_list(h->root, h->arena, "/proc/spl/kstat/zfs", &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char path[PATH_MAX];

                if (snprintf(path, sizeof(path), "/proc/spl/kstat/zfs/%s/state", names[i]) < (int)sizeof(path) &&
                    root_exists(h->root, path))
                        host_use_pool(h, names[i], "in use");
        }
}

/* A file system without a device number of its own names what it is on, more than one with ':' between (bcachefs). */
static int anonymous_mount(struct graph *h, const struct mount *m)
{
        static const char *const nowhere[] = {"overlay",  "tmpfs", "ramfs", "rootfs",
                                              "virtiofs", "9p",    "aufs",  "squashfs"};
        char *rest = arena_strdup(h->arena, m->source), *source;

        if (streq(m->type, "zfs")) {
                host_use_pool(h, m->source, m->at);
                return 0;
        }
        for (size_t i = 0; streq(m->at, "/") && i < ARRAY_SIZE(nowhere); i++)
                if (streq(m->type, nowhere[i])) {
                        host_unknown(h, &h->evidence->storage_unknown,
                                     "the root file system is %s, and what that is on does not show", m->type);
                        return 0;
                }
        while ((source = strsep(&rest, ":"))) {
                int found;

                if (!startswith(source, "/dev/"))
                        continue;
                found = host_use_spec(h, source, m->at);
                if (found < 0)
                        return found;
                if (found == 0 && !startswith(m->type, "fuse") && !streq(source, "/dev/root"))
                        host_unknown(h, &h->evidence->storage_unknown,
                                     "%s is mounted at %s, and which disk that is is not known", source, m->at);
        }
        return 0;
}

static int mounts(struct graph *h, bool root_only)
{
        int k = 0;

        for (size_t i = 0; k >= 0 && i < h->n_mounts; i++) {
                const struct mount *m = &h->mounts[i];
                size_t node;

                if (streq(m->at, "/") != root_only)
                        continue;
                k = host_use_options(h, m->options, m->at);
                if (k < 0)
                        return k;
                if (m->major == 0) {
                        k = anonymous_mount(h, m);
                        continue;
                }
                node = host_by_number(h->evidence, m->major, m->minor);
                k = 0;
                if (node != NO_NODE)
                        host_use(h, whole(h->evidence, node), "%s", m->at);
                else
                        host_unknown(h, &h->evidence->storage_unknown,
                                     "block device %u:%u is mounted at %s, and which that is is not known", m->major,
                                     m->minor, m->at);
        }
        return k;
}

/* A swap file is on a file system that is mounted, and so guarded. */
static int swaps(struct graph *h, const char *text)
{
        const char **f;
        size_t n;
        int k;

        while ((k = host_fields(h, &text, &f, &n)) > 0) {
                if (n < 2 || !startswith(f[0], "/dev/"))
                        continue;
                k = host_use_spec(h, f[0], "swap");
                if (k == 0)
                        host_unknown(h, &h->evidence->storage_unknown,
                                     "%s is swap, and which disk that is is not known", f[0]);
                if (k < 0)
                        return k;
        }
        return k;
}

/* What is mounted in whatever mount namespace: these have a directory for each device that they are mounted from. */
static int mounted_elsewhere(struct graph *h)
{
        static const char *const types[] = {"ext4", "xfs", "f2fs"};
        int k = 0;

        for (size_t t = 0; k == 0 && t < ARRAY_SIZE(types); t++) {
                char *dir = arena_join(h->arena, "/sys/fs/", types[t], NULL);
                const char **names;
                size_t n;

                k = root_list(h->root, h->arena, dir, &names, &n);
                for (size_t i = 0; k == 0 && i < n; i++) {
                        size_t node = host_find(h->evidence, NODE_BLOCK, names[i]);

                        if (node != NO_NODE)
                                h->evidence->nodes[node].held = true;
                }
                k = 0;
        }
        return k;
}

static bool needs_no_disk(const struct node *n)
{
        static const char *const names[] = {"loop", "ram", "zram", "nbd"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (startswith(n->name, names[i]))
                        return true;
        return !n->virtual_ || n->kind != NODE_BLOCK;
}

/* A use that ends in a device of the kernel's own, with no hardware to be seen below it, may be on any. */
static void unfollowed(struct graph *h)
{
        struct evidence *evidence = h->evidence;
        bool *seen = arena_alloc(h->arena, evidence->n_nodes * sizeof(*seen));
        size_t *queue = arena_alloc(h->arena, evidence->n_nodes * sizeof(*queue)), first = 0, last = 0;

        for (size_t u = 0; u < evidence->n_uses; u++)
                if (!seen[evidence->uses[u].node]) {
                        seen[evidence->uses[u].node] = true;
                        queue[last++] = evidence->uses[u].node;
                }
        while (first < last) {
                const struct node *n = &evidence->nodes[queue[first++]];

                if (n->n_below == 0 && n->n_functions == 0 && !needs_no_disk(n))
                        host_unknown(h, &evidence->storage_unknown,
                                     "%s is in use, and on which disks it is does not show", n->name);
                for (size_t b = 0; b < n->n_below; b++)
                        if (!seen[n->below[b]]) {
                                seen[n->below[b]] = true;
                                queue[last++] = n->below[b];
                        }
        }
}

/* A device that others stand on, or a file system that is mounted where it cannot be seen. */
static int held(struct graph *h)
{
        size_t n = h->evidence->n_nodes;

        for (size_t i = 0; i < n; i++) {
                if ((h->evidence->nodes[i].held || h->evidence->nodes[i].n_below > 0))
                        host_use(h, i, "in use");
        }
        return 0;
}

int host_storage(struct graph *h)
{
        const char **unknown = &h->evidence->storage_unknown;
        char *mountinfo, *active;
        int k = host_blocks(h);

        if (k > 0) {
                host_unknown(h, unknown, "which block devices there are is not known");
                return 0;
        }
        if (k < 0 || !host_concerned(h, 0))
                return k;
        k = host_relate_blocks(h);
        if (k < 0)
                return k;
        if (host_read(h, "/proc/self/mountinfo", &mountinfo) < 0) {
                host_unknown(h, unknown, "what is mounted is not known");
                return 0;
        }
        k = read_mounts(h, mountinfo);
        if (k < 0)
                return k;
        if (!host_mounted(h, "/")) {
                host_unknown(h, unknown, "what is mounted is not known");
                return 0;
        }
        k = host_tags(h);
        if (k < 0)
                return k;
        btrfs_pools(h);
        mounts(h, true);
        mounts(h, false);
        k = host_read(h, "/proc/swaps", &active);
        if (k < 0)
                host_unknown(h, unknown, "what is swap is not known");
        k = k < 0 ? 0 : swaps(h, active);
        if (k == 0)
                k = host_tables(h);
        if (k == 0)
                zfs_imported(h);
        if (k == 0)
                k = host_firmware(h);
        if (k == 0)
                k = host_claims(h);
        if (k == 0)
                k = mounted_elsewhere(h);
        if (k == 0)
                k = held(h);
        if (k == 0)
                unfollowed(h);
        return k;
}
