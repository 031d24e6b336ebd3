/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a line of fstab and the like names: a tag, or a path below /dev; and whom that makes needed. */
#include "base/str.h"
#include "guard/storage.h"

/* A volume group may have a name that begins as that of a removable medium does. */
bool guard_names_disk(const char *spec)
{
        static const char *const others[] = {"sr", "cdrom", "dvd", "fd", "scd", "loop", "nbd", "zram", "ram"};
        static const char *const no_disks[] = {"/dev/null", "/dev/fuse", "/dev/random", "/dev/urandom"};
        size_t tag = strspn(spec, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        if (!startswith(spec, "/dev/"))
                return tag > 0 && spec[tag] == '=';
        for (size_t i = 0; i < ARRAY_SIZE(no_disks); i++)
                if (streq(spec, no_disks[i]))
                        return false;
        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                const char *number = spec + strlen("/dev/") + strlen(others[i]);

                if (startswith(spec + strlen("/dev/"), others[i]) && strspn(number, "0123456789") == strlen(number))
                        return false;
        }
        return !startswith(spec, "/dev/shm/");
}

/* A btrfs that nobody has mounted is known by the UUID that all its members carry. */
static void use_members(struct graph *g, size_t node, const char *what)
{
        const struct node *n = &g->evidence->nodes[node];
        const char *type = guard_tag(n, "TYPE="), *uuid = guard_tag(n, "UUID=");

        for (size_t i = 0; type && uuid && streq(type, "btrfs") && i < g->evidence->n_nodes; i++) {
                const char *other = i == node ? NULL : guard_tag(&g->evidence->nodes[i], "UUID=");

                if (other && streq(other, uuid))
                        guard_use(g, i, "%s", what);
        }
}

size_t guard_use_spec(struct graph *g, const char *spec, const char *what)
{
        size_t found = 0;

        for (size_t node = 0; (node = guard_resolve(g, spec, node)) != NO_NODE; node++, found++) {
                guard_use(g, guard_whole(g, node), "%s", what);
                use_members(g, node, what);
        }
        return found;
}

/* An XFS log or realtime device, an ext4 journal, members of a btrfs. */
void guard_use_options(struct graph *g, const char *options, const char *what)
{
        static const char *const keys[] = {"logdev=", "rtdev=", "journal_path=", "device="};
        char *rest = arena_strdup(g->arena, options), *option;

        while ((option = strsep(&rest, ",")))
                for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                        if (startswith(option, keys[i]) && guard_use_spec(g, option + strlen(keys[i]), what) == 0)
                                guard_unknown(g, &g->evidence->storage_unknown,
                                              "%s has %s, and which disk that is is not known", what, option);
}
