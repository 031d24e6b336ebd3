/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A made-up machine, as the generator knows it: functions, block devices, interfaces, and what the host does with them.
 * It is written out as files by the write-*.c, and judged by closure.c, which never sees those files.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NONE         (-1)
#define OVS_USE      63 /* of a port of Open vSwitch, as one of the uses */
#define DECLARED_USE 61 /* of an interface that the configuration declares */
#define SHAPE_USE    60 /* of a subject of a shape */

enum verdict {
        FREE,
        EITHER,  /* the specification leaves it open: not judged */
        UNKNOWN, /* cannot be told: must not be taken */
        NEEDED,  /* must not be taken */
};

struct function {
        char address[16], dir[160], path[64]; /* dir: below sys/; path: as Path= has it */
        char slot[16];                        /* the address without the function */
        unsigned vendor, device, class;
        const char *driver;      /* NULL: none */
        int group;               /* NONE: not in any */
        unsigned secondary;      /* of a bridge: the bus behind it */
        int boot_vga;            /* NONE: no such file */
        uint64_t serial;         /* of its extended configuration space, or 0 */
        int physical;            /* of a virtual function: the one that it is of; else NONE */
        unsigned index;          /* and which it is */
        unsigned total, enabled; /* virtual functions that it can have, and has */
        bool held;               /* a virtual machine has it open */
        bool made;               /* a rule's own virtual function, which nobody has had yet */

        enum verdict verdict;
        uint64_t uses; /* that make it needed, by number */
        int rule;      /* that decides it, or NONE */
};

enum block_kind {
        DISK,
        CDROM,
        HIDDEN, /* a path of a multipath NVMe namespace */
        HEAD,   /* that namespace */
        PARTITION,
        CRYPT,
        LVM,
        MULTIPATH,
        MULTIPATH_PARTITION,
        RAID,
        BCACHE,
        LOOP,
};

struct block {
        char name[24], dir[256];
        enum block_kind kind;
        unsigned major, minor;
        int disk; /* of a partition */
        unsigned number;
        int below[6], functions[4];
        unsigned n_below, n_functions;
        char map_name[32], dm_uuid[80];
        const char *level; /* of a RAID */
        const char *type;  /* of what is on it: "ext4", "crypto_LUKS"; NULL: nothing */
        char uuid[40], label[24], partuuid[40], partlabel[24];
        int pool;        /* it is a member of */
        int backing;     /* of a loop: the use whose mount the file is on */
        bool taken;      /* something is made of it, or it is used */
        const char *vg;  /* of an LVM: map_name without the volume */
        char volume[12]; /* and the volume */
};

struct pool {
        bool zfs, mounted;
        char name[40]; /* UUID or name */
        char label[24];
        int members[4];
        unsigned n_members;
};

enum spec {
        SPEC_UUID,
        SPEC_LABEL,
        SPEC_PARTUUID,
        SPEC_PARTLABEL,
        SPEC_BY_UUID,     /* /dev/disk/by-uuid/ */
        SPEC_BY_PARTUUID, /* /dev/disk/by-partuuid/ */
        SPEC_PATH,        /* /dev/sda1 */
        SPEC_MAPPER,      /* /dev/mapper/NAME */
        SPEC_VOLUME,      /* /dev/VG/LV */
        SPEC_CLOSED,      /* /dev/mapper/NAME of a crypttab line that nobody has opened */
        SPEC_NOWHERE,     /* a UUID that no disk has */
};

enum source {
        BY_MOUNT,
        BY_SWAP,
        BY_FSTAB,
        BY_UNIT,
        BY_CRYPTTAB,
        BY_ROOT,
        BY_RESUME,
        BY_LUKS,
        BY_HOLDER,
        BY_ROUTE,
        BY_CONSOLE
};

enum target { ON_NOTHING, ON_BLOCK, ON_POOL, ON_INTERFACE, ON_FUNCTION };

struct use {
        enum source source;
        enum target on;
        int at;
        enum spec spec;
        char where[40]; /* mount point, "none" for swap, NAME of crypttab */
        char text[80];  /* last word of its chains; "": any */
        bool mounted;   /* the same thing is seen in use anyway */
        bool key_file;  /* of crypttab */
        bool ipv6, is_default;
};

/* How the host's configuration has an interface. */
enum declaration {
        UNDECLARED,
        BY_IFUPDOWN,
        BY_NETPLAN_MAC,
        BY_NETWORKD,
        BY_NETWORKD_MAC,
        BY_PROFILE,
        BY_COMMAND_LINE,
        IN_A_COMMENT, /* which is none */
        EXCLUDED,     /* from what networkd takes by pattern, and NetworkManager without a word */
        DECLARATION_MAX_,
        BY_SHAPE = DECLARATION_MAX_,
};

enum interface_kind { PHYSICAL, VLAN, BOND, BRIDGE, TEAM, MACVLAN, OVS, OVS_INTERNAL, TUNNEL, EMPTY_BRIDGE };

struct interface {
        char name[16], dir[200];
        enum interface_kind kind;
        int function, lower[4];
        unsigned n_lower;
        int master;
        bool up;
        enum declaration declared;
        char mac[18];
};

struct usb_device {
        int controller;
        unsigned bus, port;
        bool keyboard, i2c; /* i2c: it is on that bus instead */
        bool token, mouse;  /* which has the keys of a keyboard */
        char dir[200];
};

enum plug_kind { PLUG_DISK, PLUG_NETWORK, PLUG_INPUT, PLUG_SERIAL, PLUG_AUDIO, PLUG_HUB, PLUG_KIND_MAX_ };

/* A USB device as rules of Bus=usb take it. */
struct plug {
        char name[24], dir[256];
        enum plug_kind kind;
        bool seen; /* of a disk: its driver has it, and it shows */
        bool keyboard;
        char port[12];              /* of a serial adapter: its terminal */
        char serial[8], socket[64]; /* serial: "": none; socket: as Path= has it */
        unsigned speed;
        enum verdict verdict;
};

/* The root hubs for USB 2 and USB 3 of a controller, which are bus and bus + 1, and a hub on both. */
struct usb_board {
        int controller;
        unsigned bus, shift, hub_shift; /* shift: by which the ports for USB 3 are counted otherwise */
        bool peers, hub, hub_peers;     /* peers: the kernel knows which of them are one socket */
};

#define OTHER 2

struct shape;

/* A row of a table of shapes, on this machine. */
struct shaped {
        const struct shape *shape;
        unsigned axis, number, n_subjects;
        int at[OTHER +
               1]; /* the subjects and the other device: blocks or interfaces; of people, the last two are functions */
        int over;  /* the block device over the second subject, or NONE */
};

struct rule {
        char match[3][64]; /* whole lines */
        unsigned n_match;
        bool complete, slot, match_only, native, allow_boot_display, stage_root;
        const char *virtual; /* how many functions it makes, or NULL; it is native, too */
};

struct machine {
        uint64_t seed, random;
        struct function functions[112];
        struct block blocks[112];
        struct pool pools[4];
        struct use uses[60];
        struct interface interfaces[32];
        struct usb_device usb[12];
        struct plug plugs[96];
        struct usb_board boards[2];
        enum verdict card_port; /* of ttyS4 */
        struct rule rules[9];
        struct shaped shaped[8];
        const struct shape *root_shape;
        unsigned n_shaped, on_second_bus, on_third_bus, n_capable;
        bool on_demand; /* all its rules that take functions are */
        unsigned n_functions, n_blocks, n_pools, n_uses, n_interfaces, n_usb, n_plugs, n_boards, n_rules;
        int virtio_keyboard; /* the function it is, or NONE */
        bool ps2_keyboard;
        int serial; /* function with ttyS4, or NONE */
        bool udev_data, dev_links;
        bool no_mountinfo, no_swaps, no_block, no_route, no_net;
        bool nfs_root, iscsi, swap_file;
        bool uplink_none;     /* of passthrough.conf */
        bool networkd_all;    /* it runs, and a file of it takes any interface */
        bool network_manager; /* it runs */
        /* counters of names */
        unsigned groups, sd, nvme, subsystems, dm, md, hosts, virtio, vd, vgs, usb_buses, bcaches;
};

/* random.c */
uint64_t random_bits(struct machine *m);
unsigned below(struct machine *m, unsigned n); /* 0 … n-1 */
bool chance(struct machine *m, unsigned percent);
void random_uuid(struct machine *m, char uuid[static 40]);
__attribute__((format(printf, 3, 4))) void text(char *buf, size_t size, const char *format, ...);
#define TEXT(buf, ...) text((buf), sizeof(buf), __VA_ARGS__)
struct block *new_block(struct machine *m, enum block_kind kind);
struct use *new_use(struct machine *m, enum source source, enum target on, int at, const char *what);
const char *block_label(const struct block *b, char *buf, size_t size);
/* The text that fstab has for a use. */
const char *spec_text(const struct machine *m, const struct use *u, char *buf, size_t size);

/* generate: each adds its part, in this order */
void make_functions(struct machine *m);
void make_storage(struct machine *m);
void make_storage_uses(struct machine *m);
void make_network(struct machine *m);
void make_people(struct machine *m);
void make_gaps(struct machine *m);
void make_rules(struct machine *m);
int add_disk(struct machine *m, int function);
int add_partition(struct machine *m, int disk, unsigned number);
int add_interface(struct machine *m, int function);
/* On a root bus of its own, and in a group of its own. */
int add_function(struct machine *m, unsigned id, unsigned class, const char *driver);
/* What is active over a block device, and named after a number. */
int stack_over(struct machine *m, enum block_kind kind, int lower, unsigned number);

/* plugged.c: what is on USB, each device by itself; what of it is needed, or not known to be free. */
void make_plugs(struct machine *m);
void need_plugs(struct machine *m, const char *dir);
void judge_plugs(struct machine *m, enum verdict storage, bool uplink);
void write_plugs(const struct machine *m);

/* sockets.c: two root hubs of a controller, with a hub, and what is plugged in there. */
void make_sockets(struct machine *m, int controller);
void write_sockets(const struct machine *m);

/* virtual.c: some functions get virtual ones, or may. */
void make_virtual(struct machine *m);
void write_virtual(const struct machine *m);
/* On a root bus of their own. */
int add_virtual_function(struct machine *m, int physical, const char *driver, int group);

/* shapes.c: instead of a root of make_storage_uses(); what is added to all of the above; and a machine of one row. */
void choose_root_shape(struct machine *m);
void make_shapes(struct machine *m);
void make_quiet(struct machine *m, size_t number);
void make_quiet_functions(struct machine *m);
void make_quiet_root(struct machine *m);
void make_quiet_network(struct machine *m, bool uplink);

/* closure.c */
bool is_bridge(const struct function *f);
void judge_machine(struct machine *m);
bool passphrase_possible(const struct machine *m);
bool passphrase_conceivable(const struct machine *m);
bool has_keyboard(const struct machine *m, int function);
/* Whether a function that is bound leaves nobody to type with. */
bool keyboards_left(const struct machine *m, const bool bound[]);
/* Whether a rule takes the function for sure: it and all that goes with it are free and matched. */
bool must_be_bound(const struct machine *m, unsigned function);
bool same_company(const struct machine *m, unsigned a, unsigned b);
/* NULL, or what is wrong with the reason given for not taking a function. */
const char *judge_reason(const struct machine *m, unsigned function, const char *reason);

/* write.c and the others: below the working directory */
void make_dirs(const char *path);
__attribute__((format(printf, 2, 3))) void put(const char *path, const char *format, ...);
void put_bytes(const char *path, const void *data, size_t n);
void link_sys(const char *from, const char *to);
void link_to(const char *path, const char *target);
__attribute__((format(printf, 1, 2))) const char *f(const char *format, ...);
void write_machine(const struct machine *m);
void write_functions(const struct machine *m);
void write_storage(const struct machine *m);
void write_configuration(const struct machine *m);
void write_network(const struct machine *m);
void write_people(const struct machine *m);
void write_shapes(const struct machine *m);
