/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What block devices carry for the host, from what is mounted now to what its files say of its next boots. */
#include "guard/storage.h"
#include "base/str.h"
#include "guard/parts.h"
#include "guard/source.h"

/* What is mounted in whatever mount namespace: these have a directory for each device that they are mounted from. */
static void mounted_elsewhere(struct graph *g)
{
        static const char *const dirs[] = {"/sys/fs/ext4", "/sys/fs/xfs", "/sys/fs/f2fs"};
        const char **names;
        size_t n;

        for (size_t d = 0; d < ARRAY_SIZE(dirs); d++) {
                guard_list(g, dirs[d], &names, &n);
                for (size_t i = 0; i < n; i++) {
                        size_t node = guard_find(g, NODE_BLOCK, names[i]);

                        if (node != NO_NODE)
                                g->evidence->nodes[node].held = true;
                }
        }
}

/* A device that others stand on, or a file system that is mounted where it cannot be seen. */
static void held(struct graph *g)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                if (g->evidence->nodes[i].held || g->evidence->nodes[i].n_below > 0)
                        guard_use(g, i, "in use");
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
static void unfollowed(struct graph *g)
{
        struct evidence *evidence = g->evidence;
        bool *seen = arena_alloc(g->arena, evidence->n_nodes * sizeof(*seen));
        size_t *queue = arena_alloc(g->arena, evidence->n_nodes * sizeof(*queue)), first = 0, last = 0;

        for (size_t u = 0; u < evidence->n_uses; u++)
                if (!seen[evidence->uses[u].node]) {
                        seen[evidence->uses[u].node] = true;
                        queue[last++] = evidence->uses[u].node;
                }
        while (first < last) {
                const struct node *n = &evidence->nodes[queue[first++]];

                if (n->n_below == 0 && n->n_devices == 0 && !needs_no_disk(n))
                        guard_unknown(g, &evidence->storage_unknown,
                                      "%s is in use, and on which disks it is does not show", n->name);
                for (size_t b = 0; b < n->n_below; b++)
                        if (!seen[n->below[b]]) {
                                seen[n->below[b]] = true;
                                queue[last++] = n->below[b];
                        }
        }
}

void guard_storage(struct graph *g)
{
        const char **unknown = &g->evidence->storage_unknown;

        if (!guard_blocks(g)) {
                guard_unknown(g, unknown, "which block devices there are is not known");
                return;
        }
        if (!guard_concerned(g, 0))
                return;
        guard_relate_blocks(g);
        if (!guard_mounts(g)) {
                guard_unknown(g, unknown, "what is mounted is not known");
                return;
        }
        guard_tags(g);
        guard_btrfs(g);
        guard_use_mounts(g);
        guard_swaps(g);
        guard_tables(g);
        guard_arguments(g);
        guard_zfs(g);
        guard_firmware(g);
        guard_claims(g);
        mounted_elsewhere(g);
        held(g);
        unfollowed(g);
}
