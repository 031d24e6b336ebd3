/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices as sysfs and udev show them, and the links below /dev. */
#include <stdio.h>
#include <string.h>

#include "machine.h"

static void stacks_on(const struct block *b, const struct block *lower)
{
        link_sys(f("%s/slaves/%s", b->dir, lower->name), lower->dir);
        link_sys(f("%s/holders/%s", lower->dir, b->name), b->dir);
}

static void controller(const struct machine *m, const struct block *b)
{
        char dir[256], *slash;
        const char *name;

        TEXT(dir, "%s", b->dir);
        slash = strrchr(dir, '/');
        *slash = '\0';
        name = strrchr(dir, '/') + 1;
        if (strncmp(name, "nvme", 4) != 0)
                return;
        link_sys(f("class/nvme/%s", name), dir);
        link_sys(f("%s/device", dir), m->functions[b->functions[0]].dir);
        put(f("sys/%s/serial", dir), "%-20s\n", name);
        if (b->kind == HIDDEN) {
                char head[256];

                /* ".../nvme-subsys0/nvme0n1": the subsystem links to its controllers. */
                TEXT(head, "%s", m->blocks[b->disk].dir);
                *strrchr(head, '/') = '\0';
                link_sys(f("%s/%s", head, name), dir);
                link_sys(f("class/nvme-subsystem/%s", strrchr(head, '/') + 1), head);
        }
}

static void write_block(const struct machine *m, const struct block *b)
{
        char dir[300];

        TEXT(dir, "sys/%s", b->dir);
        make_dirs(dir);
        make_dirs(f("%s/holders", dir));
        put(f("%s/size", dir), "2097152\n");
        if (!m->no_block)
                link_sys(f("class/block/%s", b->name), b->dir);
        if (b->kind == DISK || b->kind == HIDDEN)
                controller(m, b);
        if (b->kind == HIDDEN) {
                put(f("%s/hidden", dir), "1\n");
                return;
        }
        put(f("%s/dev", dir), "%u:%u\n", b->major, b->minor);
        if (b->kind == PARTITION)
                put(f("%s/partition", dir), "%u\n", b->number);
        else
                make_dirs(f("%s/slaves", dir));
        for (unsigned i = 0; i < b->n_below; i++)
                stacks_on(b, &m->blocks[b->below[i]]);
        if (*b->map_name) {
                put(f("%s/dm/name", dir), "%s\n", b->map_name);
                put(f("%s/dm/uuid", dir), "%s\n", b->dm_uuid);
        }
        if (b->kind == RAID) {
                put(f("%s/md/level", dir), "%s\n", b->level);
                put(f("%s/md/array_state", dir), "clean\n");
        }
        if (b->kind == LOOP) {
                const char *where = m->uses[b->backing].where;

                put(f("%s/loop/backing_file", dir), "%s/files/thing.img\n", strcmp(where, "/") == 0 ? "" : where);
        }
}

/* What pvscan notes of the physical volumes below a volume, as they appear. */
static void noted(const struct machine *m, const struct block *volume)
{
        for (unsigned i = 0; i < volume->n_below; i++) {
                const struct block *b = &m->blocks[volume->below[i]];
                char id[40];
                size_t n = 0;

                for (const char *c = b->uuid; *c; c++)
                        if (*c != '-')
                                id[n++] = *c;
                id[n] = '\0';
                put(f("run/lvm/pvs_online/%s", id), "%u:%u\nvg:%s\ndev:/dev/%s\n", b->major, b->minor, volume->vg,
                    b->name);
        }
}

static void udev_data(const struct block *b)
{
        char what[900];
        size_t n = 0;

#define SAY(...)                                                                                                       \
        do {                                                                                                           \
                text(what + n, sizeof(what) - n, __VA_ARGS__);                                                         \
                n += strlen(what + n);                                                                                 \
        } while (0)
        SAY("S:disk/by-id/dev-%s\n", b->name);
        if (*b->uuid)
                SAY("S:disk/by-uuid/%s\n", b->uuid);
        if (*b->partuuid)
                SAY("S:disk/by-partuuid/%s\nS:disk/by-partlabel/%s\n", b->partuuid, b->partlabel);
        if (*b->map_name)
                SAY("S:mapper/%s\n", b->map_name);
        SAY("I:2345678\n");
        SAY("E:ID_SERIAL=serial-%s\n", b->name);
        if (*b->uuid)
                SAY("E:ID_FS_UUID=%s\nE:ID_FS_UUID_ENC=%s\n", b->uuid, b->uuid);
        if (*b->label)
                SAY("E:ID_FS_LABEL=%s\nE:ID_FS_LABEL_ENC=%s\n", b->label, b->label);
        if (b->type)
                SAY("E:ID_FS_TYPE=%s\n", b->type);
        if (*b->partuuid)
                SAY("E:ID_PART_ENTRY_UUID=%s\nE:ID_PART_ENTRY_NAME=%s\n", b->partuuid, b->partlabel);
        SAY("G:systemd\nQ:systemd\nV:1\n");
#undef SAY
        put(f("run/udev/data/b%u:%u", b->major, b->minor), "%s", what);
}

static void dev_links(const struct block *b)
{
        const char *up = f("../../%s", b->name);

        if (*b->uuid)
                link_to(f("dev/disk/by-uuid/%s", b->uuid), up);
        if (*b->label)
                link_to(f("dev/disk/by-label/%s", b->label), up);
        if (*b->partuuid) {
                link_to(f("dev/disk/by-partuuid/%s", b->partuuid), up);
                link_to(f("dev/disk/by-partlabel/%s", b->partlabel), up);
        }
        if (*b->map_name)
                link_to(f("dev/mapper/%s", b->map_name), f("../%s", b->name));
        if (b->vg)
                link_to(f("dev/%s/%s", b->vg, b->volume), f("../%s", b->name));
}

static void write_pool(const struct machine *m, const struct pool *p)
{
        if (p->zfs || !p->mounted)
                return;
        for (unsigned i = 0; i < p->n_members; i++) {
                const struct block *b = &m->blocks[p->members[i]];

                link_sys(f("fs/btrfs/%s/devices/%s", p->name, b->name), b->dir);
        }
}

void write_storage(const struct machine *m)
{
        if (m->n_blocks > 0)
                make_dirs("sys/fs/btrfs/features");
        for (unsigned i = 0; i < m->n_blocks; i++)
                write_block(m, &m->blocks[i]);
        for (unsigned i = 0; i < m->n_blocks; i++) {
                if (m->blocks[i].kind == HIDDEN)
                        continue;
                if (m->udev_data)
                        udev_data(&m->blocks[i]);
                if (m->n_shaped > 0 && m->blocks[i].vg)
                        noted(m, &m->blocks[i]);
                if (m->dev_links)
                        dev_links(&m->blocks[i]);
        }
        for (unsigned i = 0; i < m->n_pools; i++)
                write_pool(m, &m->pools[i]);
        /* A session without a disk of ours: what matters is that it needs the network. */
        if (m->iscsi) {
                make_dirs("sys/devices/platform/host80/session1/iscsi_session/session1");
                link_sys("class/iscsi_session/session1", "devices/platform/host80/session1/iscsi_session/session1");
        }
}
