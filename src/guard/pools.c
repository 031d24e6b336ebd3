/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is made of several disks, or holds them beside what is mounted: btrfs, zfs, caches of bcache. */
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "guard/source.h"
#include "guard/storage.h"

/* The file system of several members that a device is one of, or the device. */
size_t guard_whole(const struct graph *g, size_t node)
{
        const struct evidence *evidence = g->evidence;

        for (size_t i = 0; i < evidence->n_nodes; i++)
                for (size_t b = 0; evidence->nodes[i].kind == NODE_POOL && b < evidence->nodes[i].n_below; b++)
                        if (evidence->nodes[i].below[b] == node)
                                return i;
        return node;
}

static size_t add_pool(struct graph *g, const char *kind, const char *name)
{
        size_t pool = guard_add(g, NODE_POOL, name, "");
        struct node *n = &g->evidence->nodes[pool];

        n->label = arena_printf(g->arena, "%s %s", kind, n->label);
        return pool;
}

static void btrfs(struct graph *g, const char *id)
{
        const char **members;
        size_t n, pool;

        guard_list(g, arena_join(g->arena, "/sys/fs/btrfs/", id, "/devices", NULL), &members, &n);
        /* One alone stands for itself. */
        pool = n == 1 ? guard_find(g, NODE_BLOCK, members[0]) : NO_NODE;
        if (pool != NO_NODE)
                g->evidence->nodes[pool].held = true;
        if (n == 0 || pool != NO_NODE)
                return;
        pool = add_pool(g, "btrfs", id);
        for (size_t i = 0; i < n; i++) {
                size_t node = guard_find(g, NODE_BLOCK, members[i]);

                guard_stand(g, pool, node);
                if (node == NO_NODE)
                        guard_unknown(g, &g->evidence->storage_unknown,
                                      "btrfs %s has a member %s, which is on no disk that shows", id, members[i]);
        }
}

void guard_btrfs(struct graph *g)
{
        const char **ids;
        size_t n;

        guard_list(g, "/sys/fs/btrfs", &ids, &n);
        for (size_t i = 0; i < n; i++)
                btrfs(g, ids[i]);
}

static bool is_numbered(const char *name, const char *kind)
{
        return startswith(name, kind) && name[strlen(kind)] &&
               strspn(name + strlen(kind), "0123456789") == strlen(name + strlen(kind));
}

/* A cache that is registered is open, whether it is attached or not: /sys/fs/bcache/UUID/cache0 leads to its disk. */
void guard_bcache(struct graph *g)
{
        const char **sets, **names;
        char target[PATH_MAX], *end;
        size_t n_sets, n;

        guard_list(g, "/sys/fs/bcache", &sets, &n_sets);
        for (size_t s = 0; s < n_sets; s++) {
                const char *set = arena_join(g->arena, "/sys/fs/bcache/", sets[s], NULL);

                if (!strchr(sets[s], '-'))
                        continue; /* "register" and its like */
                guard_list(g, set, &names, &n);
                for (size_t i = 0; i < n; i++) {
                        size_t node;

                        /* "cache0", "bdev1"; attributes are named otherwise. */
                        if (!is_numbered(names[i], "cache") && !is_numbered(names[i], "bdev"))
                                continue;
                        if (guard_readlink(g, arena_join(g->arena, set, "/", names[i], NULL), target, sizeof(target)) <=
                                    0 ||
                            !(end = strstr(target, "/bcache")))
                                continue;
                        *end = '\0';
                        node = guard_find(g, NODE_BLOCK, str_basename(target));
                        if (node != NO_NODE)
                                g->evidence->nodes[node].held = true;
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
static size_t zfs_pool(struct graph *g, const char *name)
{
        size_t n = g->evidence->n_nodes, pool = add_pool(g, "zfs", name);
        bool all_tagged = true, named = false;

        for (size_t i = 0; i < n; i++) {
                const struct node *b = &g->evidence->nodes[i];

                all_tagged &= b->kind != NODE_BLOCK || b->tagged || b->n_devices == 0 || b->major == 0;
                if (b->kind != NODE_BLOCK || !has_tag(b, "TYPE=", "zfs_member"))
                        continue;
                named |= has_tag(b, "LABEL=", name);
                if (has_tag(b, "LABEL=", name) || !guard_tag(b, "LABEL="))
                        guard_stand(g, pool, i);
        }
        if (!named || !all_tagged)
                guard_unknown(g, &g->evidence->storage_unknown, "zfs pool %s is in use, on unknown disks", name);
        return pool;
}

size_t guard_use_dataset(struct graph *g, const char *dataset, const char *what)
{
        const char *name = arena_strndup(g->arena, dataset, strcspn(dataset, "/@"));
        size_t pool = guard_find(g, NODE_POOL, name);

        if (pool == NO_NODE)
                pool = zfs_pool(g, name);
        guard_use(g, pool, "%s", what);
        return pool;
}

void guard_zfs(struct graph *g)
{
        const char **names;
        char path[PATH_MAX];
        size_t n;

        guard_list(g, "/proc/spl/kstat/zfs", &names, &n);
        for (size_t i = 0; i < n; i++)
                if (snprintf(path, sizeof(path), "/proc/spl/kstat/zfs/%s/state", names[i]) < (int)sizeof(path) &&
                    guard_exists(g, path))
                        guard_use_dataset(g, names[i], USE_HELD);
}

bool guard_has_zfs(const struct graph *g)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                if (g->evidence->nodes[i].kind == NODE_POOL && startswith(g->evidence->nodes[i].label, "zfs "))
                        return true;
        return false;
}
