/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may be the host's though nothing mounts it: volume groups that it has looked at, arrays and pools in its files.
 * A clearance knows better.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "guard/graph.h"

static int claim(struct graph *h, size_t node, const char *format, ...) _printf_(3, 4);
static int claim(struct graph *h, size_t node, const char *format, ...)
{
        struct node *n = &h->evidence->nodes[node];
        va_list ap;

        if (n->claim)
                return 0;
        va_start(ap, format);
        n->claim = arena_vprintf(h->arena, format, ap);
        va_end(ap);
        return 0;
}

static bool is_type(const struct node *n, const char *type)
{
        const char *value = host_tag(n, "TYPE=");

        return n->kind == NODE_BLOCK && value && streq(value, type);
}

/* LVM keeps the last metadata of every volume group that this host changed (lvm.conf(5), backup_dir): it names the PVs.
 */
static void volume_group(struct graph *h, const char *path, const char *name)
{
        char *text;
        int k = host_read(h, path, &text);

        for (size_t i = 0; k == 0 && i < h->evidence->n_nodes; i++) {
                const char *uuid = host_tag(&h->evidence->nodes[i], "UUID=");

                if (is_type(&h->evidence->nodes[i], "LVM2_member") && uuid && *uuid && strstr(text, uuid))
                        k = claim(h, i, "%s has volume group %s, which the host has had in its hands (/etc/lvm/backup)",
                                  h->evidence->nodes[i].name, name);
        }
}

static void volume_groups(struct graph *h)
{
        const char *dir = h->facts->in_initrd ? SYSROOT "/etc/lvm/backup" : "/etc/lvm/backup", **names;
        size_t n;
        int k = root_list(h->root, h->arena, dir, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char *path = arena_join(h->arena, dir, "/", names[i], NULL);

                volume_group(h, path, names[i]);
        }
}

/* Hex digits alone, in one case: mdadm and libblkid put the same number into different groups. */
static bool has_digits(const char *text, const char *uuid)
{
        for (; *text; text++) {
                const char *t = text, *u = uuid;

                while (*t && *u) {
                        if (!isxdigit((unsigned char)*u))
                                u++;
                        else if (*t == ':' || *t == '-')
                                t++;
                        else if (tolower((unsigned char)*t) == tolower((unsigned char)*u)) {
                                t++;
                                u++;
                        } else
                                break;
                }
                if (!*u)
                        return true;
        }
        return false;
}

static void arrays(struct graph *h)
{
        static const char *const files[] = {"/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"};
        int k = 0;

        for (size_t f = 0; f < ARRAY_SIZE(files); f++) {
                char *path = arena_join(h->arena, h->facts->in_initrd ? SYSROOT : "", files[f], NULL), *text;

                k = host_read(h, path, &text);
                for (size_t i = 0; k == 0 && i < h->evidence->n_nodes; i++) {
                        const char *uuid = host_tag(&h->evidence->nodes[i], "UUID=");

                        if (is_type(&h->evidence->nodes[i], "linux_raid_member") && uuid && *uuid &&
                            has_digits(text, uuid))
                                k = claim(h, i, "%s is in an array that %s has", h->evidence->nodes[i].name, files[f]);
                }
        }
}

/* A list of names and values in a format of its own: a pool's name stands in it as it is. */
static void pools(struct graph *h)
{
        const char *path = h->facts->in_initrd ? SYSROOT "/etc/zfs/zpool.cache" : "/etc/zfs/zpool.cache";
        size_t size;
        char *text;
        int k = root_read_all(h->root, h->arena, path, (size_t)64 * 1024 * 1024, &text, &size);

        for (size_t i = 0; k == 0 && i < h->evidence->n_nodes; i++) {
                const char *name = host_tag(&h->evidence->nodes[i], "LABEL=");

                if (is_type(&h->evidence->nodes[i], "zfs_member") && (!name || memmem(text, size, name, strlen(name))))
                        k = claim(h, i, "%s is in zfs pool %s, which zpool.cache has", h->evidence->nodes[i].name,
                                  name ? name : "?");
        }
}

/* A part of something that shows only once whatever runs it does: a storage cluster, say; or a journal's own device. */
static int parts(struct graph *h)
{
        static const struct {
                const char *type;
                bool always; /* also on a host that is up, where it would show otherwise */
        } types[] = {{"ceph_bluestore", false},
                     {"stratis", false},
                     {"drbd", false},
                     {"drbdmanage_control_volume", false},
                     {"jbd", true},
                     {"xfs_external_log", true}};
        int k = 0;

        for (size_t i = 0; k == 0 && i < h->evidence->n_nodes; i++)
                for (size_t t = 0; k == 0 && t < ARRAY_SIZE(types); t++)
                        if ((types[t].always || h->facts->booting) && is_type(&h->evidence->nodes[i], types[t].type))
                                k = claim(h, i, "%s has %s, which is part of something that may be the host's",
                                          h->evidence->nodes[i].name, types[t].type);
        return k;
}

int host_claims(struct graph *h)
{
        /* On a host that is up, a volume group in use is active; any that it ever looked at has a backup. */
        int k = 0;

        if (h->facts->booting)
                volume_groups(h);

        if (k == 0)
                arrays(h);
        if (k == 0)
                k = parts(h);
        if (k == 0)
                pools(h);
        return k;
}
