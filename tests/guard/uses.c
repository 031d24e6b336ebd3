/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host does with its storage: mounts, swap, and what its files and command line say of them. */
#include <stdio.h>
#include <string.h>

#include "machine.h"

static bool has_type(const struct block *b, const char *type)
{
        return b->type && strcmp(b->type, type) == 0;
}

/* One of the ways to name a block device, that is there to be named. */
static enum spec any_spec(struct machine *m, const struct block *b)
{
        static const enum spec all[] = {SPEC_UUID,     SPEC_UUID,      SPEC_UUID,    SPEC_LABEL,
                                        SPEC_PARTUUID, SPEC_PARTLABEL, SPEC_BY_UUID, SPEC_BY_PARTUUID,
                                        SPEC_PATH,     SPEC_MAPPER,    SPEC_VOLUME};

        for (unsigned tries = 0; tries < 10; tries++) {
                enum spec spec = all[below(m, COUNT(all))];

                if (spec == SPEC_LABEL && !*b->label)
                        continue;
                if ((spec == SPEC_PARTUUID || spec == SPEC_PARTLABEL || spec == SPEC_BY_PARTUUID) && !*b->partuuid)
                        continue;
                if (spec == SPEC_MAPPER && !*b->map_name)
                        continue;
                if (spec == SPEC_VOLUME && !b->vg)
                        continue;
                if ((spec == SPEC_UUID || spec == SPEC_BY_UUID) && !*b->uuid)
                        continue;
                return spec;
        }
        return SPEC_PATH;
}

static struct use *named(struct machine *m, enum source source, enum target on, int at, const char *where)
{
        struct use *u = new_use(m, source, on, at, "");

        TEXT(u->where, "%s", where);
        u->spec = on == ON_BLOCK  ? any_spec(m, &m->blocks[at])
                  : on == ON_POOL ? chance(m, 70) ? SPEC_UUID : SPEC_LABEL
                                  : SPEC_NOWHERE;
        if (source == BY_FSTAB)
                TEXT(u->text, "fstab %s", strcmp(where, "none") == 0 ? "swap" : where);
        else if (source == BY_CRYPTTAB) {
                TEXT(u->text, "crypttab %s", where);
                u->key_file = chance(m, 70);
        } else if (source == BY_ROOT || source == BY_RESUME)
                TEXT(u->text, "%s", source == BY_ROOT ? "root=" : "resume=");
        return u;
}

static void mount(struct machine *m, enum target on, int at, const char *where)
{
        struct use *u = new_use(m, BY_MOUNT, on, at, where);

        TEXT(u->where, "%s", where);
        if (on == ON_BLOCK)
                m->blocks[at].taken = true;
        else
                m->pools[at].mounted = true;
        if (chance(m, 50) && !(on == ON_POOL && m->pools[at].zfs))
                named(m, BY_FSTAB, on, at, where)->mounted = true;
}

static void root(struct machine *m)
{
        int candidates[COUNT(m->blocks)], pools[COUNT(m->pools)];
        unsigned n = 0, n_pools = 0, chosen;
        struct use *u;

        for (unsigned i = 0; i < m->n_blocks; i++)
                if (has_type(&m->blocks[i], "ext4"))
                        candidates[n++] = (int)i;
        for (unsigned i = 0; i < m->n_pools; i++)
                pools[n_pools++] = (int)i;
        if (n + n_pools == 0 || chance(m, 5)) {
                m->nfs_root = true;
                return;
        }
        chosen = below(m, n + n_pools);
        if (chosen < n) {
                mount(m, ON_BLOCK, candidates[chosen], "/");
                u = named(m, BY_ROOT, ON_BLOCK, candidates[chosen], "");
                u->mounted = true;
        } else {
                mount(m, ON_POOL, pools[chosen - n], "/");
                if (!m->pools[pools[chosen - n]].zfs)
                        named(m, BY_ROOT, ON_POOL, pools[chosen - n], "")->mounted = true;
        }
        m->swap_file = chance(m, 15);
}

static void file_system(struct machine *m, int at, unsigned n)
{
        static const char *const wheres[] = {"/boot", "/boot/efi", "/usr", "/home", "/var", "/srv", "/data", "/opt"};
        const char *where = n < COUNT(wheres) ? wheres[n] : f("/mnt/%u", n);
        unsigned dice = below(m, 100);

        if (dice < 25)
                mount(m, ON_BLOCK, at, where);
        else if (dice < 33)
                named(m, BY_FSTAB, ON_BLOCK, at, where);
        else if (dice < 36)
                named(m, BY_UNIT, ON_BLOCK, at, where);
}

static void swap(struct machine *m, int at)
{
        unsigned dice = below(m, 100);

        if (dice < 30) {
                new_use(m, BY_SWAP, ON_BLOCK, at, "swap");
                if (chance(m, 50))
                        named(m, BY_FSTAB, ON_BLOCK, at, "none")->mounted = true;
        } else if (dice < 40)
                named(m, BY_FSTAB, ON_BLOCK, at, "none");
        else if (dice < 46)
                named(m, BY_RESUME, ON_BLOCK, at, "");
        else if (dice < 49)
                named(m, BY_UNIT, ON_BLOCK, at, "none");
}

static void closed_crypt(struct machine *m, int at)
{
        unsigned dice = below(m, 100);
        char name[24];

        if (dice < 30) {
                struct use *u;

                TEXT(name, "secret-%s", m->blocks[at].name);
                named(m, BY_CRYPTTAB, ON_BLOCK, at, name);
                if (chance(m, 60)) {
                        u = named(m, BY_FSTAB, ON_BLOCK, at, f("/%s", name));
                        u->spec = SPEC_CLOSED;
                }
        } else if (dice < 36)
                named(m, BY_LUKS, ON_BLOCK, at, "")->spec = SPEC_UUID;
}

/* A file on some mount, as a loop device with a file system or swap space in it. */
static void loop(struct machine *m)
{
        unsigned n = m->n_uses, chosen = n ? below(m, n) : 0;
        struct block *b;

        if (n == 0 || m->uses[chosen].source != BY_MOUNT)
                return;
        b = new_block(m, LOOP);
        TEXT(b->name, "loop0");
        TEXT(b->dir, "devices/virtual/block/loop0");
        b->major = 7;
        b->backing = (int)chosen;
        b->type = "squashfs";
        if (chance(m, 50)) {
                struct use *u = new_use(m, BY_MOUNT, ON_BLOCK, (int)(b - m->blocks), "/snap/thing/1");

                TEXT(u->where, "/snap/thing/1");
        } else
                new_use(m, BY_SWAP, ON_BLOCK, (int)(b - m->blocks), "swap");
}

/* Lines about what is open already, and about what is nowhere. */
static void other_lines(struct machine *m)
{
        unsigned n = m->n_blocks;

        for (unsigned i = 0; i < n; i++) {
                const struct block *b = &m->blocks[i];

                if (b->kind == CRYPT && chance(m, 40))
                        named(m, BY_CRYPTTAB, ON_BLOCK, b->below[0], b->map_name)->mounted = true;
                if (b->kind >= CRYPT && b->kind != LOOP)
                        new_use(m, BY_HOLDER, ON_BLOCK, (int)i, "in use");
        }
        if (chance(m, 4))
                named(m, BY_FSTAB, ON_NOTHING, NONE, "/archive");
        if (chance(m, 2))
                named(m, BY_CRYPTTAB, ON_NOTHING, NONE, "lost");
}

void make_storage_uses(struct machine *m)
{
        unsigned n = m->n_blocks;

        m->udev_data = chance(m, 88);
        m->dev_links = m->udev_data ? chance(m, 30) : chance(m, 80);
        if (!m->root_shape)
                root(m);
        for (unsigned i = 0; i < n; i++) {
                const struct block *b = &m->blocks[i];

                if (b->taken)
                        continue;
                if (has_type(b, "ext4"))
                        file_system(m, (int)i, i);
                else if (has_type(b, "swap"))
                        swap(m, (int)i);
                else if (has_type(b, "crypto_LUKS"))
                        closed_crypt(m, (int)i);
        }
        for (unsigned i = 0; i < m->n_pools; i++) {
                if (m->pools[i].mounted)
                        continue;
                if (chance(m, 50))
                        mount(m, ON_POOL, (int)i, f("/pool%u", i));
                else if (!m->pools[i].zfs && m->udev_data && chance(m, 40))
                        named(m, BY_FSTAB, ON_POOL, (int)i, f("/pool%u", i));
        }
        if (chance(m, 12))
                loop(m);
        other_lines(m);
}

void make_quiet_root(struct machine *m)
{
        int at = add_partition(m, 0, 1);

        m->blocks[at].type = "ext4";
        random_uuid(m, m->blocks[at].uuid);
        mount(m, ON_BLOCK, at, "/");
        named(m, BY_ROOT, ON_BLOCK, at, "")->mounted = true;
}
