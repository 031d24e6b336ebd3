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

/* One line: of a pattern nobody knows whom it means. */
static bool is_named(struct graph *g, const char *line, size_t node)
{
        const char *label = guard_tag(&g->evidence->nodes[node], "LABEL="), *own = label ? strchr(label, ':') : NULL;
        const char *name = strstr(line, "name="), *devices = strstr(line, "devices=");
        char *rest, *spec;

        if (name) {
                name = arena_strndup(g->arena, name + strlen("name="), strcspn(name, " \t") - strlen("name="));
                /* "host:name" */
                if (!label || streq(label, name) || (own && streq(own + 1, name)))
                        return true;
        }
        rest = devices ? arena_strndup(g->arena, devices + strlen("devices="),
                                       strcspn(devices, " \t") - strlen("devices="))
                       : NULL;
        while (rest && (spec = strsep(&rest, ","))) {
                if (strpbrk(spec, "*?["))
                        return true;
                for (size_t found = 0; (found = guard_resolve(g, spec, found)) != NO_NODE; found++)
                        if (found == node)
                                return true;
        }
        return false;
}

/* ARRAY lines name it by UUID, else by name= or by its devices (mdadm.conf(5)); one goes on where the next is indented.
 */
static bool has_array(struct graph *g, const char *text, size_t node)
{
        const char *uuid = guard_tag(&g->evidence->nodes[node], "UUID="), *rest, *line, *end;
        char *lines = arena_strdup(g->arena, text);

        if (!uuid || !*uuid || has_digits(text, uuid))
                return *text;
        for (char *c = lines; (c = strchr(c, '\n')); c++)
                if (c[1] == ' ' || c[1] == '\t')
                        *c = ' ';
        for (rest = lines; (line = guard_line(&rest, &end));) {
                line = arena_strndup(g->arena, line, (size_t)(end - line));
                if (startswith(line, "ARRAY") && !strcasestr(line, "uuid=") && is_named(g, line, node))
                        return true;
        }
        return false;
}

static void arrays_of(struct graph *g, const char *file, const char *text)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                if (guard_is_type(&g->evidence->nodes[i], "linux_raid_member") && has_array(g, text, i))
                        guard_claim(g, i, "%s is in an array that %s names; if it is a guest's, remove it there",
                                    g->evidence->nodes[i].name, file);
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

/* A packed list of names and values (libnvpair's nvs_native, nvs_xdr) ends with an empty pair: eight bytes of zero. */
static bool is_whole_list(const char *data, size_t size)
{
        static const char end[8];

        return size >= sizeof(end) && memcmp(data + size - sizeof(end), end, sizeof(end)) == 0;
}

/* A pool's name stands in the list as it is. One that was cut may have named any. */
static void pools(struct graph *g)
{
        char *text;
        size_t size;

        if (guard_bytes(g, guard_in_root(g, "/etc/zfs/zpool.cache"), &text, &size) != SOURCE_READ)
                return;
        for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                const struct node *n = &g->evidence->nodes[i];
                const char *name = guard_tag(n, "LABEL=");

                if (!guard_is_type(n, "zfs_member"))
                        continue;
                if (!name || memmem(text, size, name, strlen(name)))
                        guard_claim(
                                g, i,
                                "%s is in zfs pool %s, which zpool.cache names; if it is a guest's: zpool export %s",
                                n->name, name ? name : "?", name ? name : "POOL");
                else if (!is_whole_list(text, size))
                        guard_claim(g, i, "%s is in zfs pool %s, and zpool.cache, which may name it, is not whole",
                                    n->name, name);
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

/*
 * A part of something that shows only once whatever runs it does: a storage cluster, say; or a journal's own device.
 * On a host that is up it counts if the host has something of its kind; "": always, NULL: no more.
 */
static void parts(struct graph *g)
{
        static const struct {
                const char *type, *kind;
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
                        if (guard_is_type(&g->evidence->nodes[i], types[t].type) && !guard_stood_upon(g->evidence, i) &&
                            (g->facts->booting || (types[t].kind && has_kind(g->evidence, types[t].kind))))
                                guard_claim(g, i, "%s has %s, a part of something that may be the host's",
                                            g->evidence->nodes[i].name, types[t].type);
}

void guard_claims(struct graph *g)
{
        guard_volume_groups(g);
        arrays(g);
        parts(g);
        pools(g);
}
