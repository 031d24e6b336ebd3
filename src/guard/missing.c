/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host declares or has in use in part, and what nothing here has: a disk that nobody has looked at may be what
 * is missing. What fstab and the like name is noted where these are read.
 */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/parts.h"
#include "guard/source.h"
#include "guard/storage.h"

#define BACKUPS "/etc/lvm/backup"

/* Hex digits alone, as far as they go on: mdadm and libblkid put the same number into different groups. */
static size_t digits(const char *text, char ret[static 33])
{
        size_t n = 0;

        for (; isxdigit((unsigned char)*text) || *text == ':' || *text == '-'; text++)
                if (isxdigit((unsigned char)*text) && n < 32)
                        ret[n++] = (char)tolower((unsigned char)*text);
        ret[n] = '\0';
        return n;
}

/* A device of that type with that UUID is here; of a number that is no UUID, any. */
static bool has_member(const struct graph *g, const char *type, const char *uuid)
{
        char wanted[33], own[33];
        bool plain = streq(type, "LVM2_member"); /* letters of all kinds */

        if (!plain && digits(uuid, wanted) == 0)
                return true;
        for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                const struct node *n = &g->evidence->nodes[i];
                const char *tag = guard_tag(n, "UUID=");

                if (!guard_is_type(n, type) || !tag)
                        continue;
                if (plain ? streq(tag, uuid) : digits(tag, own) > 0 && streq(own, wanted))
                        return true;
        }
        return false;
}

static bool is_here(struct graph *g, const char *type, const char *uuid)
{
        bool here = has_member(g, type, uuid);
        const char *name = arena_join(g->arena, type, " ", arena_strndup(g->arena, uuid, strcspn(uuid, " \t\n")), NULL);

        if (here)
                guard_name(g, name);
        else
                guard_lack(g, name);
        return here;
}

/* The section of that name in LVM's text has 'id = "UUID"' of each physical volume. */
static void volume_group(struct graph *g, const char *group, const char *text)
{
        const char *from = strstr(text, "physical_volumes {"), *end = from ? strstr(from, "logical_volumes {") : NULL;

        for (const char *at = from ? from : ""; (at = strstr(at, "id = \"")) && (!end || at < end);) {
                const char *uuid = at + strlen("id = \"");

                at = uuid + strcspn(uuid, "\"");
                if (!is_here(g, "LVM2_member", arena_strndup(g->arena, uuid, (size_t)(at - uuid))))
                        guard_unknown(g, &g->evidence->missing,
                                      "volume group %s has a physical volume that is not here (" BACKUPS "/%s)", group,
                                      group);
        }
}

static void volume_groups(struct graph *g)
{
        const char **names;
        char *text;
        size_t n;

        guard_list(g, BACKUPS, &names, &n);
        for (size_t i = 0; i < n; i++) {
                guard_read(g, arena_join(g->arena, BACKUPS "/", names[i], NULL), &text);
                volume_group(g, names[i], text);
        }
}

/* Each key of a text; on a command line other things have UUIDs, too. */
static void named_arrays(struct graph *g, const char *file, const char *text, const char *key)
{
        for (const char *at = text; (at = strcasestr(at, key));) {
                const char *line = at;

                at += strlen(key);
                while (line > text && line[-1] != '\n')
                        line--;
                if (*line != '#' && !is_here(g, "linux_raid_member", at))
                        guard_unknown(g, &g->evidence->missing, "%s names an array of which nothing is here", file);
        }
}

static void declared_arrays(struct graph *g)
{
        static const char *const files[] = {"/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"};
        const char **names;
        char *text;
        size_t n;

        for (size_t f = 0; f < ARRAY_SIZE(files); f++) {
                const char *dir = arena_join(g->arena, files[f], ".d", NULL);

                guard_read(g, files[f], &text);
                named_arrays(g, files[f], text, "uuid=");
                guard_list(g, dir, &names, &n);
                for (size_t i = 0; i < n; i++) {
                        const char *path = arena_join(g->arena, dir, "/", names[i], NULL);

                        guard_read(g, path, &text);
                        named_arrays(g, path, text, "uuid=");
                }
        }
        if (g->facts->cmdline)
                named_arrays(g, "the command line", g->facts->cmdline, "md.uuid=");
}

/* Documentation/admin-guide/md.rst */
static void arrays(struct graph *g)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                const struct node *n = &g->evidence->nodes[i];
                const char *dir = arena_join(g->arena, "/sys/class/block/", n->name, "/md", NULL);
                char degraded[16], state[32];

                if (n->kind != NODE_BLOCK || !startswith(n->name, "md"))
                        continue;
                guard_attribute(g, arena_join(g->arena, dir, "/degraded", NULL), degraded, sizeof(degraded));
                guard_attribute(g, arena_join(g->arena, dir, "/array_state", NULL), state, sizeof(state));
                if ((*degraded && !streq(degraded, "0")) || streq(state, "inactive"))
                        guard_unknown(g, &g->evidence->missing, "array %s lacks a member", n->name);
        }
}

/* /sys/fs/btrfs/UUID/devinfo/NUMBER/missing (Documentation/ABI has it not; fs/btrfs/sysfs.c, since Linux 5.6). */
static void btrfs(struct graph *g)
{
        const char **ids, **members;
        size_t n, n_members;

        guard_list(g, "/sys/fs/btrfs", &ids, &n);
        for (size_t i = 0; i < n; i++) {
                const char *dir = arena_join(g->arena, "/sys/fs/btrfs/", ids[i], "/devinfo", NULL);
                char text[8];

                guard_list(g, dir, &members, &n_members);
                for (size_t m = 0; m < n_members; m++)
                        if (guard_attribute(g, arena_join(g->arena, dir, "/", members[m], "/missing", NULL), text,
                                            sizeof(text)) > 0 &&
                            *text != '0')
                                guard_unknown(g, &g->evidence->missing, "btrfs %s lacks a member", ids[i]);
        }
}

/* Paths stand in the list as they are; those of a pool that was never exported are looked for at the next boot. */
static void cached_pools(struct graph *g)
{
        char *data;
        size_t size;

        if (guard_bytes(g, "/etc/zfs/zpool.cache", &data, &size) != SOURCE_READ)
                return;
        for (char *at = data; (at = memmem(at, size - (size_t)(at - data), "/dev/", strlen("/dev/")));) {
                size_t n = 0;

                while (at + n < data + size && at[n] > ' ' && at[n] < 0x7f)
                        n++;
                if (guard_resolve(g, arena_strndup(g->arena, at, n), 0) == NO_NODE)
                        guard_unknown(g, &g->evidence->missing, "zpool.cache has a member %.*s, which is not here",
                                      (int)n, at);
                at += n;
        }
}

static void pools(struct graph *g)
{
        const char **names;
        char state[32];
        size_t n;

        guard_list(g, "/proc/spl/kstat/zfs", &names, &n);
        for (size_t i = 0; i < n; i++)
                if (guard_attribute(g, arena_join(g->arena, "/proc/spl/kstat/zfs/", names[i], "/state", NULL), state,
                                    sizeof(state)) > 0 &&
                    !streq(state, "ONLINE"))
                        guard_unknown(g, &g->evidence->missing, "zfs pool %s lacks a member", names[i]);
        cached_pools(g);
}

void guard_missing(struct graph *g)
{
        volume_groups(g);
        declared_arrays(g);
        arrays(g);
        btrfs(g);
        pools(g);
}
