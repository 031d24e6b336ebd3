/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is made of the disks: partitions, and what stacks upon them. */
#include <stdio.h>
#include <string.h>

#include "machine.h"

/* A few block devices that nothing is made of yet; what was found goes to ret. */
static unsigned pick(struct machine *m, unsigned n, int ret[])
{
        unsigned found = 0;

        for (unsigned tries = 0; tries < 12 && found < n && m->n_blocks > 0; tries++) {
                unsigned i = below(m, m->n_blocks);
                struct block *b = &m->blocks[i];

                if (b->taken || b->type || b->kind == CDROM || b->kind == HIDDEN)
                        continue;
                b->taken = true;
                ret[found++] = (int)i;
        }
        return found;
}

static void give_up(struct machine *m, unsigned n, const int picked[])
{
        for (unsigned i = 0; i < n; i++)
                m->blocks[picked[i]].taken = false;
}

/* A virtual device over others, whose contents have that type. */
static struct block *stack(struct machine *m, enum block_kind kind, unsigned n, const int lower[], const char *type)
{
        struct block *b = new_block(m, kind);

        for (unsigned i = 0; i < n; i++) {
                b->below[b->n_below++] = lower[i];
                m->blocks[lower[i]].taken = true;
                m->blocks[lower[i]].type = type;
                if (!*m->blocks[lower[i]].uuid)
                        random_uuid(m, m->blocks[lower[i]].uuid);
        }
        if (kind == RAID) {
                TEXT(b->name, "md%u", 127 - m->md);
                b->major = 9;
                b->minor = 127 - m->md++;
        } else if (kind == BCACHE) {
                TEXT(b->name, "bcache%u", m->bcaches);
                b->major = 252;
                b->minor = m->bcaches++;
        } else {
                TEXT(b->name, "dm-%u", m->dm);
                b->major = 253;
                b->minor = m->dm++;
        }
        TEXT(b->dir, "devices/virtual/block/%s", b->name);
        return b;
}

int add_partition(struct machine *m, int disk, unsigned number)
{
        struct block *p, *d = &m->blocks[disk];
        bool mapped = d->kind == MULTIPATH;

        p = new_block(m, mapped ? MULTIPATH_PARTITION : PARTITION);
        d->taken = true;
        if (mapped) {
                TEXT(p->name, "dm-%u", m->dm);
                TEXT(p->dir, "devices/virtual/block/%s", p->name);
                TEXT(p->map_name, "%s-part%u", d->map_name, number);
                TEXT(p->dm_uuid, "part%u-%s", number, d->dm_uuid);
                p->below[p->n_below++] = disk;
                p->major = 253;
                p->minor = m->dm++;
        } else {
                TEXT(p->name, "%s%s%u", d->name, strncmp(d->name, "nvme", 4) == 0 || d->kind == RAID ? "p" : "",
                     number);
                TEXT(p->dir, "%s/%s", d->dir, p->name);
                p->disk = disk;
                p->number = number;
                p->major = d->kind == RAID ? 259 : d->major;
                p->minor = d->kind == RAID ? 5000 + 10 * d->minor + number : d->minor + number;
        }
        random_uuid(m, p->partuuid);
        TEXT(p->partlabel, "part-%s", p->name);
        return (int)(p - m->blocks);
}

static void partitions(struct machine *m, int disk)
{
        const struct block *d = &m->blocks[disk];
        unsigned n = below(m, 4);

        if (d->kind == MULTIPATH_PARTITION || d->taken || d->kind == CDROM || d->kind == HIDDEN)
                return;
        for (unsigned i = 1; i <= n; i++)
                add_partition(m, disk, i);
}

static void raid(struct machine *m)
{
        static const char *const levels[] = {"raid0", "raid1", "raid5", "raid10", "linear"};
        int lower[3];
        unsigned n = pick(m, 1 + below(m, 3), lower);

        if (n > 0)
                stack(m, RAID, n, lower, "linux_raid_member")->level = levels[below(m, COUNT(levels))];
}

static void crypt(struct machine *m)
{
        int lower[1];
        struct block *b;

        if (pick(m, 1, lower) == 0)
                return;
        b = stack(m, CRYPT, 1, lower, "crypto_LUKS");
        TEXT(b->map_name, "crypt-%s", m->blocks[lower[0]].name);
        TEXT(b->dm_uuid, "CRYPT-LUKS2-%032x-%s", (unsigned)lower[0], b->map_name);
}

/* A LUKS that nobody has opened. */
static void closed_crypt(struct machine *m)
{
        int lower[1];

        if (pick(m, 1, lower) == 0)
                return;
        m->blocks[lower[0]].taken = false;
        m->blocks[lower[0]].type = "crypto_LUKS";
        random_uuid(m, m->blocks[lower[0]].uuid);
}

static void volumes(struct machine *m)
{
        static const char *const groups[] = {"vg", "data", "vg-x", "guests", "pool", "tank0", "w", "z"};
        int lower[3];
        unsigned n = pick(m, 1 + below(m, 2), lower);

        if (n == 0 || m->vgs == COUNT(groups)) {
                give_up(m, n, lower);
                return;
        }
        for (unsigned i = 0, count = 1 + below(m, 2); i < count; i++) {
                struct block *b = stack(m, LVM, n, lower, "LVM2_member");

                b->vg = groups[m->vgs];
                TEXT(b->volume, "lv%u", i);
                /* The device mapper's names double each '-' of a group's or volume's own. */
                TEXT(b->map_name, "%s-%s", strcmp(b->vg, "vg-x") == 0 ? "vg--x" : b->vg, b->volume);
                TEXT(b->dm_uuid, "LVM-%032u%032u", m->vgs, i);
        }
        m->vgs++;
}

static void bcache(struct machine *m)
{
        int lower[2];
        unsigned n;

        for (unsigned i = 0; i < m->n_blocks; i++)
                if (m->blocks[i].kind == BCACHE)
                        return;
        n = pick(m, 2, lower);
        if (n == 2)
                stack(m, BCACHE, 2, lower, "bcache");
        else
                give_up(m, n, lower);
}

static void pool(struct machine *m, bool zfs)
{
        struct pool *p = &m->pools[m->n_pools];
        int members[3];
        unsigned n;

        if (m->n_pools == COUNT(m->pools))
                return;
        n = pick(m, 2 + below(m, 2), members);
        if (n < 2) {
                give_up(m, n, members);
                return;
        }
        *p = (struct pool){.zfs = zfs, .n_members = n};
        TEXT(p->label, "%s%u", zfs ? "tank" : "wide", m->n_pools);
        if (zfs)
                TEXT(p->name, "%s", p->label);
        else
                random_uuid(m, p->name);
        for (unsigned i = 0; i < n; i++) {
                struct block *b = &m->blocks[members[i]];

                p->members[i] = members[i];
                b->pool = (int)m->n_pools;
                b->type = zfs ? "zfs_member" : "btrfs";
                TEXT(b->label, "%s", p->label);
                if (zfs)
                        TEXT(b->uuid, "%u", 123456789 + m->n_pools);
                else
                        TEXT(b->uuid, "%s", p->name);
        }
        m->n_pools++;
}

/* What is left may have a file system of its own, or swap space. */
static void file_systems(struct machine *m)
{
        for (unsigned i = 0; i < m->n_blocks; i++) {
                struct block *b = &m->blocks[i];

                if (b->taken || b->type || b->kind == HIDDEN || b->kind == CDROM || chance(m, 20))
                        continue;
                b->type = chance(m, 80) ? "ext4" : "swap";
                random_uuid(m, b->uuid);
                if (chance(m, 60))
                        TEXT(b->label, "fs-%s", b->name);
        }
}

/* Disks behind USB controllers. */
static void usb_disks(struct machine *m)
{
        for (unsigned i = 0; i < m->n_functions; i++)
                if (m->functions[i].class == 0x0c0330 && m->functions[i].driver && chance(m, 20))
                        add_disk(m, (int)i);
}

void make_storage(struct machine *m)
{
        unsigned n;

        usb_disks(m);
        n = m->n_blocks;
        for (unsigned i = 0; i < n; i++)
                if (chance(m, 60))
                        partitions(m, (int)i);
        if (chance(m, 12))
                pool(m, false);
        if (chance(m, 10))
                pool(m, true);
        for (unsigned rounds = below(m, 5); rounds > 0; rounds--)
                switch (below(m, 7)) {
                case 0:
                case 1:
                        raid(m);
                        break;
                case 2:
                        crypt(m);
                        break;
                case 3:
                        closed_crypt(m);
                        break;
                case 4:
                case 5:
                        volumes(m);
                        break;
                default:
                        bcache(m);
                }
        n = m->n_blocks;
        for (unsigned i = 0; i < n; i++)
                if (m->blocks[i].kind == RAID && !m->blocks[i].taken && !m->blocks[i].type && chance(m, 30))
                        partitions(m, (int)i);
        file_systems(m);
}

int stack_over(struct machine *m, enum block_kind kind, int lower, unsigned number)
{
        const char *type = m->blocks[lower].type;
        struct block *b = stack(m, kind, 1, &lower, type);

        if (kind == RAID)
                b->level = "raid1";
        else if (kind == LVM) {
                TEXT(b->map_name, "shape%u-root", number);
                TEXT(b->dm_uuid, "LVM-%032u%032u", 77 + number, 1);
        } else if (kind == MULTIPATH) {
                TEXT(b->map_name, "mpathshape%u", number);
                TEXT(b->dm_uuid, "mpath-36005076%u", number);
        } else if (kind == CRYPT) {
                TEXT(b->map_name, "luks%u", number);
                TEXT(b->dm_uuid, "CRYPT-LUKS2-%032u-%s", number, b->map_name);
        }
        return (int)(b - m->blocks);
}
