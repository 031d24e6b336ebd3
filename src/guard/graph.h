/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How evidence.h is put together: nodes, what they stand on, who uses them, and why something is not known. */

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
};

/* A source of the machine: its text, "" unless it was read; the names in a directory, none unless it was. */
enum source guard_read(const struct graph *g, const char *path, char **ret);
enum source guard_list(const struct graph *g, const char *path, const char ***ret, size_t *ret_n);
/* The same path below what will be the host's root: in an initrd, below SYSROOT. */
const char *guard_in_root(const struct graph *g, const char *path);

/* The node of that name, or NO_NODE. */
size_t guard_find(const struct graph *g, enum node_kind kind, const char *name);
/*
 * A new node. Its functions are those on the way of the link that a class directory (-1: none) has of that name; where
 * the link leads goes to target, of PATH_MAX bytes, unless that is NULL.
 */
size_t guard_add(struct graph *g, enum node_kind kind, int class_fd, const char *name, char *target);
/* NO_NODE and the node itself are no ground to stand on. */
void guard_stand(struct graph *g, size_t node, size_t below);
/* The node is reached through that function, or through each one that a path in sysfs goes by. */
void guard_reach(struct graph *g, size_t node, size_t device);
void guard_reach_path(struct graph *g, size_t node, const char *path);
/* The last of them, or NO_DEVICE. */
size_t guard_device_on(const struct graph *g, const char *path);
bool guard_reached(const struct node *n, size_t device);
void guard_use(struct graph *g, size_t node, const char *format, ...) _printf_(3, 4);
/* Sets *why unless it is set: the first reason is the one that is told. */
void guard_unknown(struct graph *g, const char **why, const char *format, ...) _printf_(3, 4);
/*
 * Whether a device that a rule may come to is guarded by its class, or one of the nodes from first on is on it. If not,
 * what stands on these nodes can speak for no such device, and a machine of many need not be asked.
 */
bool guard_concerned(const struct graph *g, size_t first);
