/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may be the host's though nothing mounts it: volume groups that it has looked at, arrays and pools in its files.
 * A clearance knows better.
 */
#include <ctype.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/source.h"
#include "guard/storage.h"

static bool is_type(const struct node *n, const char *type)
{
        const char *value = guard_tag(n, "TYPE=");

        return n->kind == NODE_BLOCK && value && streq(value, type);
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

/* ARRAY lines name it by UUID, by name= or by its devices (mdadm.conf(5)); of a pattern nobody knows whom it means. */
static bool has_array(struct graph *g, const char *text, size_t node)
{
        const struct node *n = &g->evidence->nodes[node];
        const char *uuid = guard_tag(n, "UUID="), *name = guard_tag(n, "LABEL="), *at = text;

        if (!uuid || !*uuid || has_digits(text, uuid))
                return *text;
        for (; (at = strstr(at, "name=")); at++) {
                size_t length = strcspn(at += strlen("name="), " \t\n");
                const char *own = name ? strchr(name, ':') : NULL; /* "host:name" */

                if (!name || (strlen(name) == length && strncmp(name, at, length) == 0) ||
                    (own && strlen(own + 1) == length && strncmp(own + 1, at, length) == 0))
                        return true;
        }
        for (at = text; (at = strstr(at, "devices=")); at++) {
                char *rest =
                        arena_strndup(g->arena, at + strlen("devices="), strcspn(at + strlen("devices="), " \t\n"));

                for (char *spec; (spec = strsep(&rest, ","));)
                        for (size_t found = 0; (found = guard_resolve(g, spec, found)) != NO_NODE; found++)
                                if (found == node)
                                        return true;
                if (strpbrk(arena_strndup(g->arena, at, strcspn(at, " \t\n")), "*?["))
                        return true;
        }
        return false;
}

static void arrays_of(struct graph *g, const char *file, const char *text)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                if (is_type(&g->evidence->nodes[i], "linux_raid_member") && has_array(g, text, i))
                        guard_claim(g, i, "%s is in an array that %s has", g->evidence->nodes[i].name, file);
}

static void arrays(struct graph *g)
{
        static const char *const files[] = {"/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"};
        static const char *const dirs[] = {"/etc/mdadm/mdadm.conf.d", "/etc/mdadm.conf.d"};
        const char **names;
        char *text;
        size_t n;

        for (size_t f = 0; f < ARRAY_SIZE(files); f++) {
                guard_read(g, guard_in_root(g, files[f]), &text);
                arrays_of(g, files[f], text);
                guard_list(g, guard_in_root(g, dirs[f]), &names, &n);
                for (size_t i = 0; i < n; i++) {
                        const char *path = arena_join(g->arena, dirs[f], "/", names[i], NULL);

                        guard_read(g, guard_in_root(g, path), &text);
                        arrays_of(g, path, text);
                }
        }
        if (g->facts->cmdline && strstr(g->facts->cmdline, "md.uuid="))
                arrays_of(g, "the command line", g->facts->cmdline);
}

/* A list of names and values in a format of its own: a pool's name stands in it as it is. */
static void pools(struct graph *g)
{
        char *text;
        size_t size;

        if (guard_bytes(g, guard_in_root(g, "/etc/zfs/zpool.cache"), &text, &size) != SOURCE_READ)
                return;
        for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                const struct node *n = &g->evidence->nodes[i];
                const char *name = guard_tag(n, "LABEL=");

                if (is_type(n, "zfs_member") && (!name || memmem(text, size, name, strlen(name))))
                        guard_claim(g, i, "%s is in zfs pool %s, which zpool.cache has", n->name, name ? name : "?");
        }
}

/* The host has one of its kind in use: a node, or a volume of the device mapper, whose name begins so. */
static bool has_kind(const struct evidence *e, const char *prefix)
{
        for (size_t i = 0; i < e->n_nodes; i++)
                if (startswith(e->nodes[i].name, prefix) ||
                    (e->nodes[i].map_name && startswith(e->nodes[i].map_name, prefix)))
                        return true;
        return false;
}

/* A part of something that shows only once whatever runs it does: a storage cluster, say; or a journal's own device. */
static void parts(struct graph *g)
{
        static const struct {
                const char *type;
                const char
                        *kind; /* on a host that is up: counts where the host has of that kind; "": always; NULL: not */
        } types[] = {{"ceph_bluestore", NULL},
                     {"stratis", "stratis-"},
                     {"drbd", "drbd"},
                     {"drbdmanage_control_volume", "drbd"},
                     {"bcache", "bcache"},
                     {"mpath_member", ""},
                     {"jbd", ""},
                     {"xfs_external_log", ""}};

        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                for (size_t t = 0; t < ARRAY_SIZE(types); t++)
                        if (is_type(&g->evidence->nodes[i], types[t].type) && !guard_stood_upon(g->evidence, i) &&
                            (g->facts->booting || (types[t].kind && has_kind(g->evidence, types[t].kind))))
                                guard_claim(g, i, "%s has %s, which is part of something that may be the host's",
                                            g->evidence->nodes[i].name, types[t].type);
}

void guard_claims(struct graph *g)
{
        guard_volume_groups(g);
        arrays(g);
        parts(g);
        pools(g);
}
