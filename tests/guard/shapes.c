/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which shapes a machine has, and the devices they are about. */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "shapes.h"

static const struct shape_table *const tables[] = {&disk_shapes, &member_shapes, &root_shapes, &network_shapes,
                                                   &people_shapes};

const struct shape *shape_at(size_t number, enum axis *ret_axis)
{
        for (size_t i = 0; i < COUNT(tables); i++) {
                if (number < tables[i]->n) {
                        *ret_axis = tables[i]->axis;
                        return &tables[i]->rows[number];
                }
                number -= tables[i]->n;
        }
        return NULL;
}

static int storage_controller(struct machine *m, unsigned dice)
{
        static const struct {
                unsigned id, class;
                const char *driver;
        } all[] = {{0x1b360010, 0x010802, "nvme"},
                   {0x80862922, 0x010601, "ahci"},
                   {0x10000072, 0x010700, "mpt3sas"},
                   {0x1af41042, 0x010000, "virtio-pci"},
                   {0x1b36000d, 0x0c0330, "xhci_hcd"}};

        return add_function(m, all[dice].id, all[dice].class, all[dice].driver);
}

static void lvm_uuid(struct machine *m, struct block *b)
{
        char hex[40];

        random_uuid(m, hex);
        TEXT(b->uuid, "%.6s-%.4s-%.4s-%.4s-%.4s-%.4s-%.6s", hex, hex + 9, hex + 14, hex + 19, hex + 24, hex + 28, hex);
}

/* A disk, or a partition of it, with what is on it. */
static int site(struct machine *m, unsigned dice, bool partition, const char *type)
{
        int at = add_disk(m, storage_controller(m, dice));
        struct block *b;

        if (partition)
                at = add_partition(m, at, 1);
        b = &m->blocks[at];
        b->taken = true;
        if (type && !*type)
                return at;
        b->type = type ? type : "ext4";
        TEXT(b->label, "fs-%s", b->name);
        random_uuid(m, b->uuid);
        if (strcmp(b->type, "LVM2_member") == 0)
                lvm_uuid(m, b);
        if (strcmp(b->type, "zfs_member") == 0) { /* the pool's number; a name only where the row gives one */
                b->label[0] = '\0';
                TEXT(b->uuid, "%u", 1000000000 + below(m, 1000000000));
        }
        return at;
}

static void make_disks(struct machine *m, struct shaped *s)
{
        const struct shape *shape = s->shape;
        bool partition = shape->partitions || (!shape->whole && chance(m, 50));
        unsigned dice = below(m, 5);

        for (unsigned i = 0; i < s->n_subjects; i++)
                s->at[i] = site(m, shape->same_uuid ? below(m, 4) : dice, partition, shape->type);
        s->at[OTHER] = site(m, dice, partition, shape->other_type);
        if (shape->same_uuid) {
                TEXT(m->blocks[s->at[1]].uuid, "%s", m->blocks[s->at[0]].uuid);
                TEXT(m->blocks[s->at[1]].label, "%s", m->blocks[s->at[0]].label);
        }
        if (shape->over)
                s->over = stack_over(m, shape->over, s->at[1], s->number);
}

static void make_interfaces(struct machine *m, struct shaped *s)
{
        for (unsigned i = 0; i <= OTHER; i++) {
                if (i != OTHER && i >= s->n_subjects)
                        continue;
                s->at[i] = add_interface(m, add_function(m, 0x8086153a, 0x020000, "e1000e"));
                if (i != OTHER && !s->shape->open)
                        m->interfaces[s->at[i]].declared = BY_SHAPE;
        }
        if (m->networkd_all || m->network_manager)
                m->interfaces[s->at[OTHER]].declared = EXCLUDED;
}

static void keyboard(struct machine *m, int function, bool i2c, bool is_keyboard)
{
        struct usb_device *u = &m->usb[m->n_usb++];
        const struct function *d = &m->functions[function];

        if (m->n_usb == COUNT(m->usb))
                errx(2, "seed %llu: too many keyboards", (unsigned long long)m->seed);
        *u = (struct usb_device){
                .controller = function, .bus = 80 + (unsigned)function, .port = 1, .keyboard = is_keyboard, .i2c = i2c};
        if (i2c)
                TEXT(u->dir, "%s/i2c_designware.%u/i2c-%u/i2c-HID%u", d->dir, u->bus, u->bus, u->bus);
        else
                TEXT(u->dir, "%s/usb%u/%u-1", d->dir, u->bus, u->bus);
}

/* The first subject is a disk with a secret, the second the keyboard's controller. */
static void make_keyboards(struct machine *m, struct shaped *s)
{
        bool i2c = s->shape->keyboard == I2C_KEYBOARD;
        unsigned class = i2c ? 0x0c8000 : 0x0c0330, id = i2c ? 0x808651e8 : 0x1b36000d;
        const char *driver = i2c ? "intel-lpss" : "xhci_hcd";

        s->at[0] = site(m, below(m, 4), chance(m, 50), s->shape->type ? s->shape->type : "crypto_LUKS");
        s->at[1] = add_function(m, id, class, driver);
        s->at[OTHER] = add_function(m, 0x1b36000d, 0x0c0330, "xhci_hcd");
        keyboard(m, s->at[1], i2c, true);
        keyboard(m, s->at[OTHER], false, false);
        m->usb[m->n_usb - 1].token = s->shape->keyboard == TOKEN_BESIDE;
        m->usb[m->n_usb - 1].mouse = s->shape->keyboard == MOUSE_BESIDE;
        m->ps2_keyboard |= s->shape->keyboard == PS2_KEYBOARD;
}

static void make_shape(struct machine *m, const struct shape *shape, enum axis axis)
{
        struct shaped *s = &m->shaped[m->n_shaped];

        *s = (struct shaped){.shape = shape, .axis = axis, .number = m->n_shaped + 3, .over = NONE};
        s->n_subjects = shape->subjects == NO_SUBJECT ? 0 : shape->subjects ? shape->subjects : 1;
        m->n_shaped++;
        if (axis == NETWORK)
                make_interfaces(m, s);
        else if (axis == PEOPLE)
                make_keyboards(m, s);
        else
                make_disks(m, s);
}

static bool has(const struct machine *m, const struct shape *shape)
{
        for (unsigned i = 0; i < m->n_shaped; i++)
                if (m->shaped[i].shape == shape)
                        return true;
        return false;
}

/* One of those that the product is known to judge so; NULL where chance finds none. */
static const struct shape *any(struct machine *m, enum axis axis)
{
        unsigned n = 0;
        enum axis of = AXES;

        while (shape_at(n, &of))
                n++;
        for (unsigned tries = 0; tries < 50; tries++) {
                const struct shape *shape = shape_at(below(m, n), &of);

                if (of == axis && !shape->alone && !has(m, shape) && !known_shape(shape->name))
                        return shape;
        }
        return NULL;
}

void choose_root_shape(struct machine *m)
{
        if (chance(m, 30))
                m->root_shape = any(m, ROOT);
}

void make_shapes(struct machine *m)
{
        const struct shape *shape;

        m->udev_data = true; /* which tells of some shapes what they are */
        if (m->root_shape)
                make_shape(m, m->root_shape, ROOT);
        for (unsigned n = 1 + below(m, 3); n > 0; n--)
                if ((shape = any(m, STORAGE)))
                        make_shape(m, shape, STORAGE);
        if (chance(m, 60) && (shape = any(m, NETWORK)))
                make_shape(m, shape, NETWORK);
        if (chance(m, 25) && (shape = any(m, PEOPLE)))
                make_shape(m, shape, PEOPLE);
}

/* A host with its root on one disk and an uplink, and that row alone. */
void make_quiet(struct machine *m, size_t number)
{
        enum axis axis = AXES;
        const struct shape *shape = shape_at(number, &axis);

        make_quiet_functions(m);
        m->udev_data = true;
        if (axis != ROOT)
                make_quiet_root(m);
        make_quiet_network(m, axis != NETWORK);
        if (axis == ROOT) /* and a NIC that nobody uses, unless the root does */
                add_interface(m, add_function(m, 0x8086153a, 0x020000, "e1000e"));
        m->ps2_keyboard = axis != PEOPLE;
        make_shape(m, shape, axis);
}
