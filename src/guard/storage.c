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
                        guard_use(g, i, USE_HELD);
}

/* A use that ends in something without hardware to be seen below it may be on any, or come over any network. */
static void look_below(struct graph *g, const struct node *n)
{
        bool nvme = startswith(n->name, "nvme");

        if (n->kind != NODE_BLOCK || n->n_below > 0 || n->n_devices > 0 || startswith(n->name, "ram") ||
            startswith(n->name, "zram") || (startswith(n->name, "zd") && guard_has_zfs(g)))
                return;
        if (n->remote && !nvme && !n->virtual_ && guard_iscsi_by_ip(g))
                return;
        if (!n->remote && !n->virtual_)
                return; /* hardware that is no PCI function's */
        guard_unknown(g, &g->remote, "%s is in use, over an unknown network", n->name);
        if (!n->remote || (nvme && !guard_fabrics_by_tcp(g)))
                guard_unknown(g, &g->evidence->storage_unknown, "%s is in use, on unknown disks", n->name);
}

static void unfollowed(struct graph *g)
{
        const char **uses;
        const bool *used = guard_used(g, &uses);

        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                if (used[i])
                        look_below(g, &g->evidence->nodes[i]);
}

void guard_storage(struct graph *g)
{
        const char **unknown = &g->evidence->storage_unknown;

        guard_remote_arguments(g);
        if (!guard_blocks(g)) {
                guard_unknown(g, unknown, "cannot see which block devices there are");
                return;
        }
        guard_reach_physical(g, 0);
        if (!guard_concerned(g, 0))
                return;
        guard_relate_blocks(g);
        if (!guard_mounts(g))
                return;
        guard_tags(g);
        guard_btrfs(g);
        guard_bcache(g);
        guard_use_mounts(g);
        guard_swaps(g);
        guard_tables(g);
        guard_arguments(g);
        guard_zfs(g);
        guard_firmware(g);
        guard_exports(g);
        guard_claims(g);
        mounted_elsewhere(g);
        held(g);
        guard_membership(g);
        unfollowed(g);
}
