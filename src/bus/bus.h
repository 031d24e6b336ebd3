/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a bus is, and what a device is whatever its bus. Declarations only: each bus has a folder of its own here and a
 * line in table.c, and nobody else asks which bus a device is on.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/root.h"
#include "bus/reason.h"
#include "config/rule.h"

struct facts;
struct facts_request;
struct ops;
struct planner;

enum tristate {
        UNKNOWN = -1,
        NO,
        YES,
};

#define NO_GROUP  (-1)
#define NO_DEVICE SIZE_MAX

/* What a device is to the host, as far as the plan and the guard ask. */
enum role {
        ROLE_DISPLAY = 1 << 0,
        ROLE_STORAGE = 1 << 1, /* the host may boot from it: wider than the class of that name, as is the next */
        ROLE_NETWORK = 1 << 2, /* the host may answer on it */
        ROLE_USB = 1 << 3,     /* the host may be typed at through it */
        ROLE_SERIAL = 1 << 4,
        ROLE_INTERFACES = 1 << 5,   /* a network controller by its class */
        ROLE_OBSCURE = 1 << 6,      /* its class says too little of it to know that the host can do without */
        ROLE_BRIDGE = 1 << 7,       /* other devices are behind it: never taken */
        ROLE_BYSTANDER = 1 << 8,    /* does not stand in the way of its IOMMU group's users, whatever driver it has */
        ROLE_BOOT_DISPLAY = 1 << 9, /* the firmware's own picture is on it */
        ROLE_GUARDED = 1 << 11,     /* of no kind above, and the host may need it all the same */
        ROLE_CHIPSET = 1 << 12,     /* a part of the chipset, which is the host's */
        ROLE_UNDRIVEN = 1 << 13,    /* a part of the chipset, unless a driver comes that has it */
        ROLE_FIRMWARE = 1 << 14,    /* the flash memory of the host's firmware is, or may be, behind it */
        ROLE_VGA = 1 << 10,         /* a display whose framebuffer vfio-pci moves away (vfio_pci_core.c) */
};

/* What people look for a device under. */
enum heading {
        HEADING_GRAPHICS,
        HEADING_STORAGE,
        HEADING_NETWORK,
        HEADING_USB,
        HEADING_AUDIO,
        HEADING_ACCELERATORS,
        HEADING_SERIAL,
        HEADING_OTHER,
        HEADING_SYSTEM, /* bridges and parts of the board, which nobody hands over */
        HEADING_MAX_,
};

/* What the host may boot from, answer on, be typed at or need otherwise: "storage", "network", ...; else NULL. */
static inline const char *roles_guarded(unsigned roles)
{
        return roles & ROLE_STORAGE   ? "storage"
               : roles & ROLE_NETWORK ? "network"
               : roles & ROLE_USB     ? "USB"
               : roles & ROLE_GUARDED ? "system"
                                      : NULL;
}

/* What tells a device from others though its address changes, beside its path and its ID. */
enum mark {
        MARK_FIRMWARE,    /* path in the firmware's tree (ACPI, device tree); only for identities */
        MARK_SLOT,        /* name of the physical slot */
        MARK_SERIAL,      /* its serial number */
        MARK_DISK_SERIAL, /* that of the disk on it, which shows only while its native driver has it */
        MARK_MAX_,
};

struct device {
        const struct bus *bus;
        const char *address; /* as sysfs names it: 0000:42:00.0 */
        const char *sysfs;   /* /sys/devices/..., without links */
        const char *path;    /* what is plugged into what; stays the same when addresses change */
        const void *own;     /* what only its bus knows */

        bool identified; /* the next four are known, as far as the device tells */
        char id[10];     /* vendor:device, lower case hex */
        char class[7];   /* the bus's own code of it */
        unsigned roles;
        const char *called;                   /* what people call it, where its class alone does not tell; or NULL */
        const char *said_vendor, *said_model; /* the names that it has for itself, or NULL */
        const char *marks[MARK_MAX_];         /* NULL: none, or it does not show */
        const char *parent;                   /* of a virtual device: the address of the one that makes it; else NULL */
        uint32_t index;                       /* of one of those: which it is; UINT32_MAX: that is not known */
        bool has_functions;                   /* it can have virtual functions; once it is detailed */
        /*
         * The type of virtual GPU that it is: of a mediated device, its name below mdev_supported_types; of a virtual
         * function, the number that NVIDIA's driver has, "0": none. NULL: it can be none, or nobody has asked.
         */
        const char *vgpu;
        const char *below; /* the device in whose directory its own is: the address; or NULL */

        /* What follows is gathered for the devices that rules may come to: see facts_request.config. */
        bool detailed;
        bool driver_builtin;         /* where asked for: the kernel has its driver before any initrd */
        int group;                   /* IOMMU group, or NO_GROUP */
        const char *driver;          /* bound, or NULL */
        const char *driver_now;      /* the same, whatever facts_as_at_boot() has made of it */
        const char *driver_override; /* NULL: none */
        const char *numa_node;       /* where that was asked for and it is near one; or NULL */
        const char *group_stranger;  /* a member of its group of which nothing is known, or NULL */
        const char *group_kept;      /* why the kernel lets no program have its group, whatever is in it; or NULL */
        const char *claim;           /* the rule that udev's database has the device for (see taken_by), or NULL */
        const char *claim_from;      /* the host's driver that had bound it before, or NULL */
        const char *stuck; /* why its files cannot be asked: a driver of it that does not let go, say; or NULL */
        enum reason_kind kept_kind, stuck_kind, unseen_kind; /* of group_kept, stuck and unseen */
        const char *vfio_user; /* which process has it open through VFIO, where that was asked; or NULL */
        bool idle;             /* once the root is known: its buses were read, and nothing is on them */
        const char *unseen;    /* why what the host does with it cannot be told, although that shows; or NULL */
        const char *gpus;      /* virtual GPUs that go with its driver, of a host that is up, in a sentence; or NULL */
        const char *gpus_unknown; /* why that cannot be told, or NULL */
        bool ports_unseen;        /* where it comes and goes: a serial port may be made of it that does not show yet */
};

/* It is used through the driver that has made it, which it keeps. */
static inline bool device_is_vgpu(const struct device *d)
{
        return d->vgpu && strcmp(d->vgpu, "0") != 0;
}

/* A member of a JSON document. */
struct detail {
        const char *name, *value; /* value NULL: null */
};

#define DETAILS_MAX 4

/*
 * A condition for udev that is longer is left out. udev reads no line of more than 16384 bytes, and of a file with one
 * nothing from there on, so that no GOTO above it leads anywhere (src/udev/udev-rules.c, UDEV_LINE_SIZE).
 */
#define BUS_UDEV_MAX ((size_t)2048)

/* How a virtual machine monitor gets at a device. */
enum guest_way {
        GUEST_VFIO,   /* QEMU's vfio-pci, libvirt's <hostdev> */
        GUEST_USB,    /* usb-host, <hostdev> */
        GUEST_SERIAL, /* a character device, <serial> */
};

/* What a virtual machine opens. */
struct guest_device {
        enum guest_way way;
        const char *qemu;           /* its properties in QEMU: "host=0000:42:00.0", "hostbus=1,hostport=2.3" */
        const char *model;          /* QEMU's device, "vfio-pci", where the device says which; or NULL: that one */
        const char *type, *libvirt; /* of <hostdev>, and what stands in its <source> */
        const char *id;             /* where it is the only one here with that ID, and that names it; else NULL */
        const char *node;           /* "/dev/passthrough/com1", of a serial port */
        unsigned function;          /* its number on its card */
        const char *rule;           /* that it is of */
        bool interface;             /* a virtual function of a network card */
        uint32_t vlan;              /* that its rule has for it; 0: none */
        const char *vgpu;           /* as in struct device */
        const char *vgpu_name;      /* of a mediated device, what its driver calls that type; or NULL */
        const char *uuid;           /* of a mediated device; or NULL */
        const char *node_device;    /* libvirt's name of what it is made of; NULL: it has none */
};

/* Pure: the planner calls it. */
struct bus {
        const struct bus_syntax *syntax; /* its name, and what rules for it are like */

        /*
         * Whether the text is an address on this bus, however it is written; *ret: the position of that device among
         * the bus's own, in the order that gather() has left them in, or NO_DEVICE.
         */
        bool (*find)(const struct device *devices, size_t n, const char *text, size_t *ret);
        /* Whether two are on one card, and so next to each other in facts->devices; NULL: none is with another. */
        bool (*same_card)(const struct device *a, const struct device *b);
        /* One word of a key of [Match]; UNKNOWN where the device does not tell. */
        enum tristate (*match)(enum match_key key, const char *word, const struct facts *facts, const struct device *d);
        /* What people call devices of that class, or NULL; and what these are to the host. */
        const char *(*kind)(const char *class);
        unsigned (*roles)(const char *class);
        /* A device's modalias, with that name of the bus. */
        void (*alias)(const struct device *d, const char *bus, char *buf, size_t size);
        /*
         * The lines of [Match] that name these devices and no others, so that it survives renumbering; *ret NULL where
         * one rule cannot, with *ret_why.
         */
        void (*propose)(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                        const char **ret_why);

        /* The operations that hand an entry of the plan over, and those that give a device with that driver back. */
        void (*take)(struct planner *p, size_t entry, struct ops *ops);
        void (*give)(struct arena *a, const struct device *d, const char *driver, struct ops *ops);

        /* NULL where the bus has nothing of the kind. */

        /* What people look for the device under; without it, HEADING_OTHER. */
        enum heading (*heading)(const struct device *d);
        /*
         * [Match] as a condition for udev, whole or without what udev cannot judge; and what goes before. Of a bus that
         * udev claims nothing of, that leaves all but devices of the bus to GOTO="passthrough_end".
         */
        const char *(*udev)(struct arena *a, const struct rule *rule, bool *ret_whole);
        const char *udev_head;
        /*
         * A condition for this device where it sits now, whoever else may come; NULL where udev cannot tell it from
         * others.
         */
        const char *(*udev_is)(struct arena *a, const struct device *d);
        /* The same for the virtual functions with that ID which this device makes. */
        const char *(*udev_made)(struct arena *a, const struct device *parent, const char *id);

        /* What the bus itself has against handing the device over by the rule, and against giving it back: if anything.
         */
        bool (*refuse)(struct arena *a, const struct rule *rule, const struct device *d, struct reason *ret);
        const char *(*refuse_back)(struct arena *a, const struct device *d);
        /*
         * Where a device comes and goes, and may be of several kinds at once: USB's codes of them, "08 03 "; NULL: they
         * do not show.
         */
        const char *(*interfaces)(const struct device *d);
        /* link: "/dev/passthrough/RULE", where udev makes it; else NULL. */
        void (*guest)(struct arena *a, const struct facts *facts, const struct device *d, const char *link,
                      struct guest_device *ret);
        /* Whether a device at that path has the same number on its card as this one. */
        bool (*same_function)(const char *path, const struct device *d);
        /* Whether a slot of that name has it for good: see MARK_SLOT. */
        bool (*lasting_slot)(const struct facts *facts, const char *slot);
        /* Its devices come and go, but those of which the file "removable" says that they are fixed. */
        bool plugged;
        /* What its VFIO drivers call the bus in modules.alias: "vfio_pci". */
        const char *vfio;
        /* Whether a word of its VFIO driver's ids= means the device. */
        bool (*dynamic_id)(const char *word, const struct device *d);
        /* What else documents have of it: how many, at most DETAILS_MAX. */
        size_t (*describe)(const struct device *d, struct detail ret[static DETAILS_MAX]);
        /* The file that is there once drivers may have the device at that address; false where it is none. */
        bool (*turn)(const char *address, char *buf, size_t size);
};

/* What people call a device: "display", else the code of its class. */
static inline const char *device_kind(const struct device *d)
{
        const char *kind = d->called ? d->called : d->bus->kind(d->class);

        return kind ? kind : d->class;
}

/* How devices of a bus become known. */
struct bus_source {
        const struct bus *bus;
        /*
         * facts->devices becomes the bus's own; everything else is there. 0 or -errno. NULL: the program does not look
         * at devices of the bus, and leaves its rules alone.
         */
        int (*gather)(const struct root *root, struct arena *a, const struct facts_request *request,
                      struct facts *facts);
};

/* The buses there are, NULL behind the last; what rules without Bus= mean comes first. */
extern const struct bus_syntax *const bus_syntaxes[];
extern const struct bus_source *const bus_table[];
/* The bus of that name, or NULL; of NULL, too. */
const struct bus *bus_named(const char *name);
/* Of a bus's own devices the one at that address, as it is written there: its position, or NO_DEVICE. */
size_t bus_find(const struct device *devices, size_t n, const char *address);
