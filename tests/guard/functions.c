/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which PCI functions a machine has, in which slots and groups, and the disks on them. */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

/* Where the next function goes: a bus, and the directory that it is in. */
struct place {
        char dir[140], path[48];
        unsigned domain, bus;
};

static int add(struct machine *m, const struct place *at, unsigned dev, unsigned fn, unsigned id, unsigned class,
               const char *driver, int group)
{
        struct function *d = &m->functions[m->n_functions];

        if (m->n_functions + 1 == COUNT(m->functions))
                errx(2, "seed %llu: too many functions", (unsigned long long)m->seed);
        *d = (struct function){.vendor = id >> 16,
                               .device = id & 0xffff,
                               .class = class,
                               .driver = driver,
                               .group = group,
                               .boot_vga = class >> 8 == 0x0300 ? 0 : NONE,
                               .physical = NONE,
                               .rule = NONE};
        TEXT(d->slot, "%04x:%02x:%02x", at->domain, at->bus, dev);
        TEXT(d->address, "%s.%x", d->slot, fn);
        TEXT(d->dir, "%s/%s", at->dir, d->address);
        if (*at->path)
                TEXT(d->path, "%s/%02x.%x", at->path, dev, fn);
        else
                TEXT(d->path, "%s", d->address);
        return (int)m->n_functions++;
}

static struct place root_bus(const char *below, unsigned domain, unsigned bus)
{
        struct place at = {.domain = domain, .bus = bus};

        TEXT(at.dir, "%s/pci%04x:%02x", below, domain, bus);
        return at;
}

/* A port with that bus behind it. */
static struct place port(struct machine *m, const struct place *at, unsigned dev, unsigned bus, int group)
{
        int d = add(m, at, dev, 0, 0x1b36000c, 0x060400, "pcieport", group);
        struct place behind = {.domain = at->domain, .bus = bus};

        m->functions[d].secondary = bus;
        TEXT(behind.dir, "%s", m->functions[d].dir);
        TEXT(behind.path, "%s", m->functions[d].path);
        return behind;
}

/* Every other one is behind a hub. */
static const char *usb_disk(unsigned host)
{
        unsigned bus = host + 20;

        return host % 2 ? f("usb%u/%u-3/%u-3.2/%u-3.2:1.0", bus, bus, bus, bus)
                        : f("usb%u/%u-3/%u-3:1.0", bus, bus, bus);
}

int add_disk(struct machine *m, int function)
{
        const struct function *d = &m->functions[function];
        struct block *b = new_block(m, DISK);
        int index = (int)(b - m->blocks);

        b->functions[b->n_functions++] = function;
        if (d->class == 0x010802) {
                unsigned n = m->nvme++;

                TEXT(b->name, "nvme%un1", n);
                TEXT(b->dir, "%s/nvme/nvme%u/%s", d->dir, n, b->name);
                b->major = 259;
                b->minor = 100 * n;
        } else if (d->vendor == 0x1af4) {
                unsigned n = m->vd++;

                TEXT(b->name, "vd%c", 'a' + n);
                TEXT(b->dir, "%s/virtio%u/block/%s", d->dir, m->virtio++, b->name);
                b->major = 254;
                b->minor = 16 * n;
        } else {
                unsigned n = m->sd++, host = m->hosts++;

                TEXT(b->name, "sd%c", 'a' + n);
                TEXT(b->dir, "%s/%s/host%u/target%u:0:0/%u:0:0:0/block/%s", d->dir,
                     d->class >> 8 == 0x0106   ? f("ata%u", host + 1)
                     : d->class >> 8 == 0x0c03 ? usb_disk(host)
                                               : f("phy-%u", host),
                     host, host, host, b->name);
                b->major = 8;
                b->minor = 16 * n;
        }
        return index;
}

static void disks(struct machine *m, int function, unsigned least, unsigned most)
{
        for (unsigned n = least + below(m, most - least + 1); n > 0; n--)
                add_disk(m, function);
}

/* A namespace with a path through each of two controllers: /sys/class/block shows the paths, hidden. */
static void multipath_nvme(struct machine *m, const struct place *a, const struct place *b, int group_a, int group_b)
{
        unsigned first = m->nvme, subsystem = m->subsystems++;
        struct block *head = new_block(m, HEAD);

        m->nvme += 2;
        TEXT(head->name, "nvme%un1", first);
        TEXT(head->dir, "devices/virtual/nvme-subsystem/nvme-subsys%u/%s", subsystem, head->name);
        head->major = 259;
        head->minor = 100 * first;
        for (unsigned i = 0; i < 2; i++) {
                int d = add(m, i ? b : a, 0, 0, 0x1b360010, 0x010802, "nvme", i ? group_b : group_a);
                struct block *path = new_block(m, HIDDEN);

                TEXT(path->name, "nvme%uc%un1", first, first + i);
                TEXT(path->dir, "%s/nvme/nvme%u/%s", m->functions[d].dir, first + i, path->name);
                path->functions[path->n_functions++] = d;
                path->disk = (int)(head - m->blocks);
                head->functions[head->n_functions++] = d;
        }
}

/* Two host bus adapters that see the same disk: sdX and sdY, and a multipath device over them. */
static void multipath_disk(struct machine *m, const struct place *a, const struct place *b, int group_a, int group_b)
{
        int paths[2];
        struct block *over;

        for (unsigned i = 0; i < 2; i++) {
                int d = add(m, i ? b : a, 0, 0, 0x10770000 | 0x2031, 0x0c0400, "qla2xxx", i ? group_b : group_a);

                paths[i] = add_disk(m, d);
                m->blocks[paths[i]].taken = true;
                m->blocks[paths[i]].type = "mpath_member";
        }
        over = new_block(m, MULTIPATH);
        TEXT(over->name, "dm-%u", m->dm);
        TEXT(over->dir, "devices/virtual/block/%s", over->name);
        over->major = 253;
        over->minor = m->dm++;
        TEXT(over->map_name, "mpath%c", 'a' + (char)over->minor);
        TEXT(over->dm_uuid, "mpath-3600%08x", over->minor);
        for (unsigned i = 0; i < 2; i++)
                over->below[over->n_below++] = paths[i];
}

static void graphics(struct machine *m, const struct place *at, int group)
{
        bool usb = chance(m, 50);

        add(m, at, 0, 0, usb ? 0x10de1e04 : 0x10de1b06, 0x030000, chance(m, 50) ? "nouveau" : NULL, group);
        add(m, at, 0, 1, 0x10de10f7, 0x040300, "snd_hda_intel", group);
        if (!usb)
                return;
        add(m, at, 0, 2, 0x10de1ad6, 0x0c0330, "xhci_hcd", group);
        add(m, at, 0, 3, 0x10de1ad7, 0x0c8000, NULL, group);
}

static void network_card(struct machine *m, const struct place *at, int group)
{
        bool own_groups = chance(m, 60);
        const char *driver = chance(m, 85) ? "i40e" : chance(m, 50) ? "vfio-pci" : NULL;

        for (unsigned fn = 0, n = 1 + below(m, 3); fn < n; fn++)
                add(m, at, 0, fn, 0x80861572, 0x020000, driver, own_groups && fn > 0 ? (int)m->groups++ : group);
}

static void nvme(struct machine *m, const struct place *at, unsigned dev, int group)
{
        bool same = chance(m, 70);
        const char *driver = chance(m, 88) ? "nvme" : chance(m, 50) ? "vfio-pci" : NULL;
        int d = add(m, at, dev, 0, same ? 0x1b360010 : 0x144da808, 0x010802, driver, group);

        if (driver && strcmp(driver, "nvme") == 0)
                add_disk(m, d);
}

/* Two functions of one slot that have nothing to do with each other, as chipsets have them. */
static void mixed(struct machine *m, const struct place *at, int group)
{
        int d = add(m, at, 0, 0, 0x80868d62, 0x010601, "ahci", group);

        disks(m, d, 0, 2);
        add(m, at, 0, 1, 0x80868d31, 0x0c0330, "xhci_hcd", chance(m, 60) ? group : (int)m->groups++);
        add(m, at, 0, 2, 0x123411e8, 0x00ff00, NULL, chance(m, 60) ? group : (int)m->groups++);
}

static void behind_port(struct machine *m, const struct place *at, int group)
{
        switch (below(m, 9)) {
        case 0:
                graphics(m, at, group);
                break;
        case 1:
        case 2:
                network_card(m, at, group);
                break;
        case 3:
                disks(m, add(m, at, 0, 0, 0x10000072, 0x010700, "mpt3sas", group), 0, 3);
                break;
        case 4:
                add(m, at, 0, 0, 0x1b36000d, 0x0c0330, "xhci_hcd", group);
                break;
        case 5:
                mixed(m, at, group);
                break;
        case 6:
                /* A conventional bridge: two devices, one group. */
                nvme(m, at, 0, group);
                add(m, at, 1, 0, 0x123411e8, 0x00ff00, NULL, group);
                break;
        default:
                nvme(m, at, 0, group);
        }
}

/* Intel's volume management device: its disks are in a domain of their own, and gone with it. */
static void vmd(struct machine *m, const struct place *root)
{
        int group = (int)m->groups++, d = add(m, root, 0x0e, 0, 0x80869a0b, 0x010400, "vmd", group);
        struct place inner = root_bus(m->functions[d].dir, 0x10000, 0xe0);
        struct place at = port(m, &inner, 6, 0xe1, group);

        nvme(m, &at, 0, group);
}

static void chipset(struct machine *m, const struct place *root)
{
        int group = 9, ahci;

        add(m, root, 0, 0, 0x808629c0, 0x060000, NULL, 0);
        add(m, root, 0x1f, 0, 0x80862918, 0x060100, "lpc_ich", group);
        ahci = add(m, root, 0x1f, 2, 0x80862922, 0x010601, "ahci", chance(m, 70) ? group : (int)m->groups++);
        add(m, root, 0x1f, 3, 0x80862930, 0x0c0500, "i801_smbus", group);
        disks(m, ahci, 0, 2);
        if (chance(m, 30)) {
                struct block *b = new_block(m, CDROM);

                TEXT(b->name, "sr0");
                TEXT(b->dir, "%s/ata9/host90/target90:0:0/90:0:0:0/block/sr0", m->functions[ahci].dir);
                b->functions[b->n_functions++] = ahci;
                b->major = 11;
        }
        if (chance(m, 80))
                add(m, root, 0x14, 0, 0x80868c31, 0x0c0330, "xhci_hcd", (int)m->groups++);
        if (chance(m, 60))
                add(m, root, 0x19, 0, 0x8086153a, 0x020000, "e1000e", (int)m->groups++);
        for (unsigned i = 0, n = chance(m, 40) ? 1 + below(m, 2) : 0; i < n; i++) {
                int group_of = (int)m->groups++;

                if (chance(m, 60))
                        add_disk(m, add(m, root, 5 + i, 0, 0x1af41042, chance(m, 70) ? 0x010000 : 0xff0000,
                                        "virtio-pci", group_of));
                else
                        add(m, root, 5 + i, 0, 0x1af41041, chance(m, 50) ? 0x020000 : 0xff0000, "virtio-pci", group_of);
        }
        if (chance(m, 15))
                m->virtio_keyboard = add(m, root, 0x0a, 0, 0x1af41052, 0x098000, "virtio-pci", (int)m->groups++);
        if (chance(m, 30))
                m->serial = add(m, root, 0x0b, 0, 0x13a80152, 0x070002, "serial", (int)m->groups++);
        if (chance(m, 40))
                add(m, root, 2, 0, 0x1a032000, 0x030000, "ast", (int)m->groups++);
        if (chance(m, 15))
                vmd(m, root);
}

/* The firmware booted on one of the displays. */
static void choose_display(struct machine *m)
{
        unsigned n = 0, chosen;

        for (unsigned i = 0; i < m->n_functions; i++)
                n += m->functions[i].boot_vga == 0;
        if (n == 0 || chance(m, 25))
                return;
        chosen = below(m, n);
        for (unsigned i = 0; i < m->n_functions; i++)
                if (m->functions[i].boot_vga == 0 && chosen-- == 0)
                        m->functions[i].boot_vga = 1;
}

void make_functions(struct machine *m)
{
        struct place root = root_bus("devices", 0, 0), second = root_bus("devices", 0, 0x40), a, b;
        unsigned bus = 1, ports = 1 + below(m, 4);

        m->groups = 10;
        m->virtio_keyboard = m->serial = NONE;
        chipset(m, &root);
        if (chance(m, 15)) {
                int group_a = (int)m->groups++, group_b = chance(m, 80) ? (int)m->groups++ : group_a;

                a = port(m, &root, 0x10, 0x21, group_a);
                b = port(m, &root, 0x11, 0x22, group_b);
                (chance(m, 60) ? multipath_nvme : multipath_disk)(m, &a, &b, group_a, group_b);
        }
        for (unsigned i = 0; i < ports; i++, bus++) {
                bool other = bus > 2 && chance(m, 30);
                /* Without isolation between the ports, all that is behind them is in one group. */
                int group = i > 0 && chance(m, 20) ? (int)m->groups - 1 : (int)m->groups++;

                a = port(m, other ? &second : &root, 0x1d - i, other ? 0x40 + bus : bus, group);
                behind_port(m, &a, group);
        }
        choose_display(m);
        make_virtual(m);
}

int add_virtual_function(struct machine *m, int physical, const char *driver, int group)
{
        struct place root = root_bus("devices", 0, 0x61);
        struct function *pf = &m->functions[physical];
        int at = add(m, &root, m->on_third_bus++, 0, 0x8086154c, 0x020000, driver,
                     group == NONE ? (int)m->groups++ : group);

        m->functions[at].physical = physical;
        m->functions[at].index = pf->enabled++;
        return at;
}

int add_function(struct machine *m, unsigned id, unsigned class, const char *driver)
{
        struct place root = root_bus("devices", 0, 0x60);
        int at;

        if (m->on_second_bus == 32)
                errx(2, "seed %llu: the second bus is full", (unsigned long long)m->seed);
        at = add(m, &root, m->on_second_bus++, 0, id, class, driver, (int)m->groups++);
        m->functions[at].serial = random_bits(m);
        return at;
}

void make_quiet_functions(struct machine *m)
{
        struct place root = root_bus("devices", 0, 0);

        m->groups = 10;
        m->virtio_keyboard = m->serial = NONE;
        add(m, &root, 0, 0, 0x808629c0, 0x060000, NULL, 0);
        add_disk(m, add(m, &root, 0x1f, 2, 0x80862922, 0x010601, "ahci", 9));
        add(m, &root, 0x19, 0, 0x8086153a, 0x020000, "e1000e", 8);
}
