/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Idle disks that belong to what is in use: a member that an array has put out, another path to the same disk, a copy
 * that the next boot may find first. They have the same UUID of the same kind, or the same name of the world.
 */
#include "base/str.h"
#include "guard/source.h"
#include "guard/storage.h"

/* What a disk says of itself that no other disk says (SCSI, then NVMe and others); NULL: nothing. */
static const char *world_wide(struct graph *g, size_t node)
{
        const struct node *n = &g->evidence->nodes[node];
        const char *dir = arena_join(g->arena, "/sys/class/block/", n->name, NULL), *id;
        char text[256];

        if (n->n_devices == 0 || guard_disk(g, node) != NO_NODE ||
            (guard_attribute(g, arena_join(g->arena, dir, "/device/wwid", NULL), text, sizeof(text)) <= 0 &&
             guard_attribute(g, arena_join(g->arena, dir, "/wwid", NULL), text, sizeof(text)) <= 0))
                return NULL;
        /* "nvme." has the serial number, which twins may share: two controllers of one disk are of one subsystem. */
        id = strchr(text, '.');
        return !id || startswith(text, "nvme.") || strspn(id, ".0fF -") == strlen(id) ? NULL
                                                                                      : arena_strdup(g->arena, text);
}

/* Compares a member, which has no UUID of its own if the firmware made the array. */
static bool same_content(const struct node *a, const struct node *b)
{
        const char *type[] = {guard_tag(a, "TYPE="), guard_tag(b, "TYPE=")};
        const char *uuid[] = {guard_tag(a, "UUID="), guard_tag(b, "UUID=")};

        if (!type[0] || !type[1] || !streq(type[0], type[1]))
                return false;
        if (!uuid[0] && !uuid[1])
                return endswith(type[0], "_raid_member");
        return uuid[0] && uuid[1] && *uuid[0] && streq(uuid[0], uuid[1]);
}

/* A volume that is there, and that nobody has mounted: what is on it need not be the host's. */
static bool is_volume_alone(const struct graph *g, size_t node, const char *use)
{
        const struct node *n = &g->evidence->nodes[node];

        return n->n_below > 0 && !n->held && streq(use, USE_HELD) && !guard_stood_upon(g->evidence, node);
}

void guard_membership(struct graph *g)
{
        const struct evidence *e = g->evidence;
        size_t n = e->n_nodes;
        const char **uses, **ids = arena_alloc(g->arena, n * sizeof(*ids));
        bool *used = guard_used(g, &uses);

        for (size_t i = 0; i < n; i++) {
                size_t disk = guard_disk(g, i);

                if (used[i] && disk != NO_NODE && !used[disk]) {
                        used[disk] = true;
                        uses[disk] = uses[i];
                }
                ids[i] = world_wide(g, i);
        }
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < n && !used[i]; k++)
                        if (used[k] &&
                            ((ids[i] && streq_ptr(ids[i], ids[k])) ||
                             (same_content(&e->nodes[i], &e->nodes[k]) && !is_volume_alone(g, k, uses[k])))) {
                                guard_use(g, i, "%s", uses[k]);
                                break;
                        }
}
