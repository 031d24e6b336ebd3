/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a virtual machine opens of a rule's devices (/dev/vfio/GROUP and, where the kernel has it,
 * /dev/vfio/devices/vfioN): who may, which udev is told, too, and the links that name it.
 */

#include "facts/facts.h"

#define NODE_LINKS   "/dev/passthrough"
#define DEVICE_LINKS PASSTHROUGH_RUN "/devices"

/* A number, or that it stays as it is. */
struct node_number {
        bool set;
        uint32_t to;
};

struct node_device {
        const struct device *device;
        bool vfio;        /* its driver lets a program open it */
        const char *name; /* of its links, below both directories; NULL: it has none */
};

struct nodes {
        const char *rule;
        struct node_number owner, group, mode;
        bool claimed;                /* nodes, and links to them, are udev's: see plan/claims-udev.h */
        struct node_device *devices; /* those the rule has; all others that had links of it lose them */
        size_t n;
};

/* Faults go into problems, and the rest is done. */
void act_nodes(const struct root *root, struct arena *a, const struct nodes *nodes, struct diags *problems);
