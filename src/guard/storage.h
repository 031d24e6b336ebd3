/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The parts of guard_storage(), and what they ask of each other: each line builds on those above it. */

#include "guard/graph.h"

/* blocks.c: block devices. False if sysfs does not have them. */
bool guard_blocks(struct graph *g) _must_check_;
/* What they are, and what they stand on. */
void guard_relate_blocks(struct graph *g);
/* The block device of those numbers, or NO_NODE. */
size_t guard_block_numbered(const struct graph *g, unsigned major, unsigned minor);

/* The disk that a partition is of, or NO_NODE. */
size_t guard_disk(const struct graph *g, size_t partition);

/* tags.c: what is on them. */
void guard_tags(struct graph *g);
/* libblkid's name for what is on a block device. */
bool guard_is_type(const struct node *n, const char *type);
/* The value of the first tag of a kind, "UUID=" and the like, or NULL. */
const char *guard_tag(const struct node *n, const char *kind);
/* The next node that UUID=, LABEL=, PARTUUID=, PARTLABEL= or a path below /dev means, from that one on; or NO_NODE. */
size_t guard_resolve(const struct graph *g, const char *spec, size_t from);

/* pools.c: file systems of several members. The pool that a block device is a member of, or the device itself. */
size_t guard_whole(const struct graph *g, size_t node);
void guard_btrfs(struct graph *g);
void guard_bcache(struct graph *g);
void guard_zfs(struct graph *g);
bool guard_has_zfs(const struct graph *g);
/* The zfs pool of a dataset is used; it is returned. */
size_t guard_use_dataset(struct graph *g, const char *dataset, const char *what);

/* specs.c: all that a line of fstab or the like means is used; how many block devices that is. */
size_t guard_use_spec(struct graph *g, const char *spec, const char *what);
/*
 * Each device that is named in a text of some other syntax (options, a token of the command line) is used: a path below
 * /dev, a tag, a UUID alone. The first of them that is on no disk here, or NULL; how many are is added to *found.
 */
const char *guard_use_named(struct graph *g, const char *text, const char *what, size_t *found) _must_check_;
/* Devices that a file system has beside its own, by its options. */
void guard_use_options(struct graph *g, const char *options, const char *what);
/*
 * A tag or a device of the block layer; not a network share, a directory, a removable medium, or what the kernel makes
 * of memory, files or the network.
 */
bool guard_names_disk(const char *spec);

/* mounts.c: what is mounted and swapped to now. False if that does not show. */
bool guard_mounts(struct graph *g) _must_check_;
void guard_use_mounts(struct graph *g);
bool guard_mounted(const struct graph *g, const char *at);
void guard_swaps(struct graph *g);

/* tables.c: what fstab, crypttab and units of systemd say the host will have; arguments.c: the command line. */
void guard_tables(struct graph *g);
void guard_arguments(struct graph *g);
/* Whether the command line has a root that comes over a network. */
void guard_remote_arguments(struct graph *g);
/* The value of the last token of that name, or "". */
const char *guard_argument(const struct graph *g, const char *name);
/* firmware.c: the partition that the firmware booted from, if it tells. */
void guard_firmware(struct graph *g);
/*
 * remote.c: what an NVMe controller is connected by ("tcp", "rdma", "fc"), "" where that cannot be told; NULL: it is no
 * controller over fabrics (drivers/nvme/host/fabrics.c: what is on no bus is below nvme-fabrics).
 */
const char *guard_fabric(struct graph *g, const char *controller);
/* All sessions of iSCSI, all controllers of NVMe over fabrics, go by IP: routes show by which interface. */
bool guard_iscsi_by_ip(struct graph *g);
bool guard_fabrics_by_tcp(struct graph *g);
/* exports.c: what the kernel or its configuration gives to other hosts. */
void guard_exports(struct graph *g);
/* lvm.c: idle physical volumes of the host's groups; and whether the command line names a group. */
void guard_volume_groups(struct graph *g);
bool guard_group_configured(const struct graph *g, const char *group);
/*
 * A volume that is not there now: all disks of its group are used. How many these are; 0 also if that is not known of
 * one that may be such a disk.
 */
size_t guard_use_volume(struct graph *g, const char *spec, const char *what);
/* claims.c: what no mount and no line of fstab tells. */
void guard_claims(struct graph *g);
/* membership.c: what holds a part of what is in use, or the same content. After all uses of storage. */
void guard_membership(struct graph *g);
