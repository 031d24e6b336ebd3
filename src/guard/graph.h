/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * How evidence.h is put together: nodes, what they stand on, who uses them, and why something is not known. Pure:
 * source.h is how files are asked.
 */

#include "config/driver.h"
#include "guard/evidence.h"

#define NO_NODE SIZE_MAX

/* A line of mountinfo (proc_pid_mountinfo(5)). */
struct mount {
        unsigned major, minor;
        const char *at, *type, *source; /* at: as it will be once the host runs */
        const char *options;            /* the file system's own */
        size_t node;                    /* the block device or the pool that it is on, or NO_NODE */
};

struct graph {
        const struct root *root;
        struct root host; /* in an initrd, what will be the host's root, once it was asked for */
        struct arena *arena;
        struct facts *facts;
        struct evidence *evidence;
        struct mount *mounts;
        size_t n_mounts;
        const char *remote; /* why any network may be the way to what the host has in use, or NULL */
        /*
         * What the files that are being asked could speak of: why that is not known is noted here when one cannot be
         * read, whoever asks.
         */
        const char **unknown;
};

/* The host itself does nothing with it: its driver says so, or udev's database. */
static inline bool guard_is_aside(const struct device *d)
{
        const char *taken_by = d->bus->syntax->taken_by;

        return driver_sets_aside(d->driver) || d->claim || (taken_by && d->driver && strcmp(d->driver, taken_by) == 0);
}

/* The node of that name, or NO_NODE. */
size_t guard_find(const struct graph *g, enum node_kind kind, const char *name);
/*
 * A new node. link is where its class's link leads ("../../devices/pci0000:00/..."), "" if there is none: the node is
 * reached through the devices on the way.
 */
size_t guard_add(struct graph *g, enum node_kind kind, const char *name, const char *link);
/* NO_NODE and the node itself are no ground to stand on. */
void guard_stand(struct graph *g, size_t node, size_t below);
/* The node is reached through that device, or through each one that a path in sysfs goes by. */
void guard_reach(struct graph *g, size_t node, size_t device);
void guard_reach_path(struct graph *g, size_t node, const char *path);
/* "/dev/NAME": "!" stands for "/" in the kernel's names. */
const char *guard_device_path(const struct graph *g, const struct node *n);
bool guard_reached(const struct node *n, size_t device);
/* Whether what comes and goes is among the devices that rules may come to. */
bool guard_asks_for_plugged(const struct facts *facts);
/*
 * Whether a directory of that name below the device's is another device of its bus, which is asked about by itself.
 * What is on other buses counts for the device as well.
 */
bool guard_speaks_for_itself(const struct graph *g, size_t device, const char *name);
bool guard_stood_upon(const struct evidence *e, size_t node);
void guard_use(struct graph *g, size_t node, const char *format, ...) _printf_(3, 4);
/* Sets *why unless it is set: the first reason is the one that is told. */
void guard_unknown(struct graph *g, const char **why, const char *format, ...) _printf_(3, 4);
/* Storage that is named, which here need not be. */
void guard_name(struct graph *g, const char *spec);
/* And of that, what is not here. */
void guard_lack(struct graph *g, const char *spec);
/* The same of storage: what is named is on no disk here. By what is on it, or by a name that any disk may have. */
void guard_absent(struct graph *g, const char *spec, const char *format, ...) _printf_(3, 4);
/* Why it may be the host's though that does not use it now; the first reason stands. */
void guard_claim(struct graph *g, size_t node, const char *format, ...) _printf_(3, 4);
/* What is in use, and all that it stands on: a flag for each node, with a use that leads there in *uses. */
bool *guard_used(const struct graph *g, const char ***uses);
/*
 * Whether a device that a rule may come to is guarded by its class, or one of the nodes from first on is on it. If not,
 * what stands on these nodes can speak for no such device, and a machine of many need not be asked.
 */
bool guard_concerned(const struct graph *g, size_t first);
/*
 * unseen.c: why what the host does with a device cannot be told; NULL if it can, or if the device is not the host's
 * now.
 */
const char *guard_unseen(const struct graph *g, size_t device, enum reason_kind *ret_kind);
