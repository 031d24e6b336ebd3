/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volume groups: whose idle physical volumes are the host's, and on which disks a volume is that is not active. */
#include <ctype.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/lvm-label.h"
#include "guard/source.h"
#include "guard/storage.h"

#define DEVICES_FILE "/etc/lvm/devices/system.devices"

/* "rd.lvm.vg=GROUP" or "rd.lvm.lv=GROUP/VOLUME" is on the command line. */
bool guard_group_configured(const struct graph *g, const char *group)
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

/* "vg-lv" is a volume's name, where a dash of either is written twice (lvm(8)). */
static bool is_of_group(const char *volume, const char *group)
{
        for (; *group && *volume == *group; volume++, group++)
                if (*volume == '-' && *++volume != '-')
                        break;
        return !*group && volume[0] == '-' && volume[1] != '-';
}

/* A volume of that group, or (NULL) of any. */
static bool has_volume(const struct evidence *e, const char *group)
{
        for (size_t i = 0; i < e->n_nodes; i++)
                if (e->nodes[i].map_name && strstr(e->nodes[i].label, " lvm ") &&
                    (!group || is_of_group(e->nodes[i].map_name, group)))
                        return true;
        return false;
}

/* A UUID of LVM's without its dashes; false if it has nothing else. */
static bool plain_id(const char *uuid, char id[static 33])
{
        size_t n = 0;

        for (const char *c = uuid; *c && n < 32; c++)
                if (isalnum((unsigned char)*c))
                        id[n++] = *c;
        id[n] = '\0';
        return n > 0;
}

/*
 * What pvscan(8) noted of the physical volume when it appeared: "vg:NAME" is a line of it; else what LVM wrote on the
 * device. "": it is of no group; NULL: nobody knows.
 */
static const char *group_of(struct graph *g, const struct node *node)
{
        const char *uuid = guard_tag(node, "UUID="), *line, *end, *rest, *path;
        char id[33], *text, group[LVM_NAME_MAX];

        if (!uuid || !plain_id(uuid, id))
                return NULL;
        path = arena_join(g->arena, "/run/lvm/pvs_online/", id, NULL);
        guard_read(g, path, &text);
        for (rest = text; (line = guard_line(&rest, &end));)
                if (startswith(line, "vg:"))
                        return arena_strndup(g->arena, line + 3, (size_t)(end - line - 3));
        if (!g->root->live || !lvm_label_group(guard_device_path(g, node), group))
                return NULL;
        /* A captured machine, which has no device to read, has it as pvscan's. */
        root_made(g->root, path, arena_join(g->arena, "vg:", group, NULL));
        return arena_strdup(g->arena, group);
}

/* "/dev/GROUP/VOLUME", or "/dev/mapper/" and its name. */
static bool names_volume_of(const char *spec, const char *group)
{
        size_t n = strlen(group);

        if (startswith(spec, "/dev/mapper/"))
                return is_of_group(spec + strlen("/dev/mapper/"), group);
        spec += strlen("/dev/");
        return startswith(spec, group) && spec[n] == '/' && spec[n + 1] && !strchr(spec + n + 1, '/');
}

size_t guard_use_volume(struct graph *g, const char *spec, const char *what)
{
        size_t found = 0;

        if (!startswith(spec, "/dev/"))
                return 0;
        for (int use = 0; use <= 1; use++)
                for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                        const struct node *n = &g->evidence->nodes[i];
                        const char *group;

                        /* It may be a disk of any group, and the volume on it. */
                        if (n->kind == NODE_BLOCK && n->n_devices > 0 && n->major != 0 && !n->tagged)
                                return 0;
                        if (!guard_is_type(n, "LVM2_member"))
                                continue;
                        group = group_of(g, n);
                        if (!group)
                                return 0;
                        if (!names_volume_of(spec, group))
                                continue;
                        found++;
                        if (use)
                                guard_use(g, i, "%s", what);
                }
        return found;
}

/* lvmdevices(8): "PVID=" has the UUID without its dashes. */
static bool in_devices_file(struct graph *g, const char *uuid)
{
        char id[33], *text;

        if (!uuid || !plain_id(uuid, id))
                return false;
        guard_read(g, guard_in_root(g, DEVICES_FILE), &text);
        return strstr(text, id);
}

/*
 * Physical volumes that no volume lies on. LVM keeps the last metadata of every group that this host changed
 * (lvm.conf(5), backup_dir): it names their physical volumes. On a host that is up, a group in use is active.
 */
void guard_volume_groups(struct graph *g)
{
        const char *dir = guard_in_root(g, "/etc/lvm/backup"), **names;
        size_t n;

        guard_list(g, dir, &names, &n);
        for (size_t b = 0; b < g->evidence->n_nodes; b++) {
                const struct node *node = &g->evidence->nodes[b];
                const char *uuid = guard_tag(node, "UUID="), *group, *backup = NULL;
                char *text;

                if (!guard_is_type(node, "LVM2_member") || guard_stood_upon(g->evidence, b))
                        continue;
                group = group_of(g, node);
                for (size_t i = 0; i < n && uuid && *uuid && !backup; i++) {
                        guard_read(g, arena_join(g->arena, dir, "/", names[i], NULL), &text);
                        if (strstr(text, uuid))
                                backup = names[i];
                }
                if (!group)
                        group = backup;
                if (group && *group && (has_volume(g->evidence, group) || guard_group_configured(g, group)))
                        guard_use(g, b, USE_GROUP "%s", group);
                else if (in_devices_file(g, uuid))
                        guard_claim(g, b,
                                    "%s is in " DEVICES_FILE
                                    ", the list of what LVM may use; if it is a guest's: lvmdevices --deldev /dev/%s",
                                    node->name, node->name);
                else if (backup && g->facts->booting)
                        guard_claim(g, b, "%s has volume group %s, which the host has used (/etc/lvm/backup)",
                                    node->name, backup);
                else if (!group && has_volume(g->evidence, NULL))
                        guard_claim(g, b,
                                    "%s is an LVM physical volume of an unknown group, which may be the host's; "
                                    "\"pvscan --cache\" finds the group",
                                    node->name);
        }
}
