/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Evidence of what the host needs devices for: what lies between the two (block devices, network interfaces, terminals,
 * and who stands on whom), then the uses themselves. Gathered only where it shows: see the sees_ members.
 */

#include "facts/facts.h"

enum node_kind {
        NODE_BLOCK,
        NODE_POOL, /* a file system of several members: btrfs, zfs */
        NODE_INTERFACE,
        NODE_TERMINAL,
        NODE_KEYBOARD,
        NODE_FILE, /* below /dev, that a process has open */
};

struct node {
        enum node_kind kind;
        const char *name;  /* the kernel's */
        const char *label; /* as a chain shows it: "dm-0 crypt" */
        unsigned major, minor;
        const char *map_name;    /* of the device mapper */
        const char *parent;      /* the directory that it is in, of a partition its disk */
        const char *plug;        /* the directory of the USB device that it is on, from "/devices/" on; or NULL */
        const char *backing;     /* the file that a loop device is of, or NULL */
        size_t *devices;         /* those it is reached through: positions in facts.devices */
        const char *const *tags; /* "UUID=...", "TYPE=...", "/dev/disk/by-id/..." */
        size_t *below;           /* the nodes it stands on */
        size_t n_devices, n_tags, n_below;
        const char *claim; /* why it may be the host's though that does not use it now, or NULL */
        bool held;         /* the host has it in use, for what does not show */
        bool tagged;       /* what is on it is known: its tags are all there are */
        bool virtual_;     /* no hardware of its own */
        bool remote;       /* a disk that comes over a network */
        bool up;           /* of an interface */
};

/* Uses that others ask for by name; there are many more. */
#define USE_ROOT          "/"
#define USE_SWAP          "swap"
#define USE_DEFAULT_ROUTE "default route"
#define USE_HELD          "in use"        /* the kernel has it open, for what does not show */
#define USE_GROUP         "volume group " /* and its name: it is active */

/* Something that the host needs. */
struct use {
        size_t node;
        const char *what;
        const char *ending; /* what people can do to end it, or NULL */
        bool by_process;    /* has it open at this moment */
        bool by_initrd;     /* which sets this interface up */
        bool awaited;       /* the boot ends in an emergency where it is not there */
};

struct evidence {
        struct node *nodes;
        size_t n_nodes;
        struct use *uses; /* those that a chain had better name come first */
        size_t n_uses;

        /* Whether the uses of each kind show at this moment; where not, nothing is known to be free. */
        bool sees_storage, sees_network, sees_keyboards;
        /* Why nothing of a kind can be told free although it shows; NULL: all can. */
        const char *storage_unknown, *network_unknown, *keyboards_unknown;
        const char *consoles_unknown;
        /* What is declared by what is on a disk, and no disk here has: storage is as unknown; and what else is missing.
         */
        const char *storage_absent, *missing;
        /* All storage that the host's files and its command line name, and of it what no disk here has. */
        const char **named, **lacking;
        size_t n_named, n_lacking;
        const char *token; /* what wants one, which may be on any USB controller; or NULL */
        bool token_types, token_is_card;
        const char *unlisted;       /* why some node may be on a device that does not show it */
        const char *up_unknown;     /* the same, for interfaces that are up alone */
        const char *absent;         /* what is declared, and no interface has: a card without a driver may */
        const char *newcomers;      /* what would have an interface that comes, whatever its name; or NULL */
        bool bridge_alone;          /* a bridge is declared, and no interface for it: guests, but no uplink */
        bool no_uplink;             /* [Host] says that the host answers on no interface */
        const char *uplink_unknown; /* NULL: what the host answers on shows or is declared, or it answers on nothing */
        bool sees_rdma;             /* whether something uses InfiniBand without an interface was asked */
        const char *rdma_unknown;   /* why some may that does not show; NULL: none */
        const char *busy_unknown;   /* where it was asked who has devices open: why that is not known, or NULL */

        const char **seen; /* the sources that were there to be read, of a host that is up: see guard/sight.c */
        size_t n_seen;

        const char *passphrase; /* why somebody may have to type one, or NULL */
        size_t *keyboards;      /* the node of each */
        size_t n_keyboards;
        size_t *typers; /* the node of what types like a keyboard, too, and that nobody can count on */
        size_t n_typers;
        bool keyboards_listed; /* what is no keyboard of these is none */
};

static inline const char *evidence_storage_unknown(const struct evidence *e)
{
        return e->storage_unknown ? e->storage_unknown : e->storage_absent;
}

/* For facts_sources of programs in boot images: the uses, as far as they show of a host that is on its way up. */
void guard_gather_early(const struct root *root, struct arena *a, const struct facts_request *request,
                        struct facts *facts);
/* The same, and of one that is up all of them: the uses if they were asked for, and who has devices open if that was.
 */
void guard_gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts);
