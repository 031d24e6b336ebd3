/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How the graph of host.h is built: one file each for storage, network and people. */

#include "guard/evidence.h"

#define NO_NODE SIZE_MAX

/* A line of mountinfo (proc_pid_mountinfo(5)). */
struct mount {
        unsigned major, minor;
        const char *at, *type, *source; /* at: as it will be once the host runs */
        const char *options;            /* the file system's own */
};

struct graph {
        const struct root *root;
        struct arena *arena;
        struct facts *facts;
        struct evidence *evidence;
        struct mount *mounts;
        size_t n_mounts;
        const char *crypttab; /* "" where there is none */
};

/* host.c */
size_t host_find(const struct evidence *evidence, enum node_kind kind, const char *name);
/*
 * A node; of a link in a class directory (-1: none) its target goes to buf, and the functions on the way to the node.
 */
void host_add(struct graph *h, enum node_kind kind, int class_fd, const char *name, char *target, size_t size,
              size_t *ret);
/*
 * Whether a device that a rule may come to is guarded by its class, or one of the nodes from first on is on it. Where
 * not, what stands on these nodes can speak for no such device, and a machine of many need not be asked.
 */
bool host_concerned(const struct graph *h, size_t first);
void host_stand(struct graph *h, size_t node, size_t below);
void host_on_function(struct graph *h, size_t node, size_t device);
void host_on_path(struct graph *h, size_t node, const char *path);
void host_use(struct graph *h, size_t node, const char *format, ...) _printf_(3, 4);
/* Sets *why unless it is set: the first reason is the one that is told. */
void host_unknown(struct graph *h, const char **why, const char *format, ...) _printf_(3, 4);
/* A file of the machine: 0, -ENOENT or another error. */
int host_read(struct graph *h, const char *path, char **ret) _must_check_;
/* The next line of a text, and where it ends; NULL at the end. */
const char *host_line(const char **text, const char **ret_end);
/*
 * The fields of the next line of a table, with "\040" and the like as what they stand for: 1, 0 at the end.
 */
int host_fields(struct graph *h, const char **text, const char ***ret, size_t *ret_n) _must_check_;

/* block.c: block devices. 1 where sysfs does not have them. */
int host_blocks(struct graph *h) _must_check_;
/* What they are, and what they stand on. */
int host_relate_blocks(struct graph *h) _must_check_;
/* tags.c: what is on them, and who is meant by UUID=, LABEL=, PARTUUID=, PARTLABEL= or a path below /dev. */
int host_tags(struct graph *h) _must_check_;
/* The value of the first tag of a kind, "UUID=" and the like, or NULL. */
const char *host_tag(const struct node *n, const char *kind);
/* The next node that spec means, from *from on; NO_NODE where there is none. */
size_t host_resolve(struct graph *h, const char *spec, size_t from);
/* storage.c: what is mounted or swapped to now. */
bool host_mounted(const struct graph *h, const char *at);
/* All that a line of fstab or the like means is used; how many that is. */
int host_use_spec(struct graph *h, const char *spec, const char *what) _must_check_;
int host_use_options(struct graph *h, const char *options, const char *what) _must_check_;
void host_use_pool(struct graph *h, const char *dataset, const char *what);
/* The block device of those numbers, or NO_NODE. */
size_t host_by_number(const struct evidence *evidence, unsigned major, unsigned minor);
/* tables.c: what the host's files and its command line say it will have. */
int host_tables(struct graph *h) _must_check_;
/* firmware.c: the partition that the firmware booted from, where it tells. */
int host_firmware(struct graph *h) _must_check_;
/* claims.c: what no mount and no line of fstab tells. */
int host_claims(struct graph *h) _must_check_;
/* storage.c, network.c, people.c */
int host_storage(struct graph *h) _must_check_;
int host_network(struct graph *h) _must_check_;
int host_people(struct graph *h) _must_check_;
/* Terminals that are consoles: those show early. */
void host_consoles(struct graph *h);
/* busy.c: what is in use at this moment; for work by hand. */
void host_busy(struct graph *h);
/* Only what tells of the next boot, too: who writes to disks as they are, and configured addresses. */
void host_writers(struct graph *h);
