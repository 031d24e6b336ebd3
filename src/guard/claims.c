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

static void claim(struct graph *g, size_t node, const char *format, ...) _printf_(3, 4);
static void claim(struct graph *g, size_t node, const char *format, ...)
{
        struct node *n = &g->evidence->nodes[node];
        va_list ap;

        va_start(ap, format);
        if (!n->claim)
                n->claim = arena_vprintf(g->arena, format, ap);
        va_end(ap);
}

static bool is_type(const struct node *n, const char *type)
{
        const char *value = guard_tag(n, "TYPE=");

        return n->kind == NODE_BLOCK && value && streq(value, type);
}

/* "rd.lvm.vg=GROUP" or "rd.lvm.lv=GROUP/VOLUME" is on the command line. */
static bool is_configured(const struct graph *g, const char *group)
{
        static const char *const keys[] = {"rd.lvm.vg=", "rd.lvm.lv="};
        const char *line = g->facts->cmdline ? g->facts->cmdline : "";

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                for (const char *at = line; (at = strstr(at, keys[i]));) {
                        at += strlen(keys[i]);
                        at += *at == '"';
                        if (startswith(at, group) && strchr("/ \"\n", at[strlen(group)]))
                                return true;
                }
        return false;
}

/* A volume of that group, or (NULL) of any: "vg-lv" is its name, where a dash of either is written twice (lvm(8)). */
static bool has_volume(const struct evidence *e, const char *group)
{
        for (size_t i = 0; i < e->n_nodes; i++) {
                const char *c = e->nodes[i].map_name, *vg = group;

                if (!c || !strstr(e->nodes[i].label, " lvm "))
                        continue;
                if (!group)
                        return true;
                for (; *vg && *c == *vg; c++, vg++)
                        if (*c == '-' && *++c != '-')
                                break;
                if (!*vg && c[0] == '-' && c[1] != '-')
                        return true;
        }
        return false;
}

/* What pvscan(8) noted of the physical volume when it appeared: "vg:NAME" is a line of it; NULL: nothing. */
static const char *group_online(struct graph *g, const char *uuid)
{
        char id[33], *text;
        const char *line, *end, *rest;
        size_t n = 0;

        for (const char *c = uuid; *c && n + 1 < sizeof(id); c++)
                if (isalnum((unsigned char)*c))
                        id[n++] = *c;
        id[n] = '\0';
        guard_read(g, arena_join(g->arena, "/run/lvm/pvs_online/", id, NULL), &text);
        for (rest = text; (line = guard_line(&rest, &end));)
                if (startswith(line, "vg:"))
                        return arena_strndup(g->arena, line + 3, (size_t)(end - line - 3));
        return NULL;
}

/*
 * Physical volumes that no volume lies on. LVM keeps the last metadata of every group that this host changed
 * (lvm.conf(5), backup_dir): it names their physical volumes. On a host that is up, a group in use is active.
 */
static void volume_groups(struct graph *g)
{
        const char *dir = guard_in_root(g, "/etc/lvm/backup"), **names;
        size_t n;

        guard_list(g, dir, &names, &n);
        for (size_t b = 0; b < g->evidence->n_nodes; b++) {
                const struct node *node = &g->evidence->nodes[b];
                const char *uuid = guard_tag(node, "UUID="), *group = NULL, *backup = NULL;
                char *text;

                if (!is_type(node, "LVM2_member") || guard_stood_upon(g->evidence, b))
                        continue;
                if (uuid && *uuid)
                        group = group_online(g, uuid);
                for (size_t i = 0; i < n && uuid && *uuid && !backup; i++) {
                        guard_read(g, arena_join(g->arena, dir, "/", names[i], NULL), &text);
                        if (strstr(text, uuid))
                                backup = names[i];
                }
                if (!group)
                        group = backup;
                if (group && *group && (has_volume(g->evidence, group) || is_configured(g, group)))
                        guard_use(g, b, "volume group %s", group);
                else if (backup && g->facts->booting)
                        claim(g, b, "%s has volume group %s, which the host has had in its hands (/etc/lvm/backup)",
                              node->name, backup);
                else if ((!group || !*group) && has_volume(g->evidence, NULL))
                        claim(g, b,
                              "%s is a physical volume of LVM, and of which group is not known: it may be one of the "
                              "host's; \"pvscan --cache\" makes it known",
                              node->name);
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
                        claim(g, i, "%s is in an array that %s has", g->evidence->nodes[i].name, file);
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
                        claim(g, i, "%s is in zfs pool %s, which zpool.cache has", n->name, name ? name : "?");
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
                                claim(g, i, "%s has %s, which is part of something that may be the host's",
                                      g->evidence->nodes[i].name, types[t].type);
}

void guard_claims(struct graph *g)
{
        volume_groups(g);
        arrays(g);
        parts(g);
        pools(g);
}
