/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The parts of facts_gather(), one file each. All fill *facts and return 0 or -errno. */

#include "facts/facts.h"

int pci_gather(const struct root *root, struct arena *a, const struct facts_request *request,
               struct facts *facts) _must_check_;
/*
 * The directory of a bus, open: of a machine that runs, functions are looked up below it. Each component of a path in
 * sysfs takes a lock (fs/kernfs/dir.c, kernfs_dop_revalidate). Starts out as PCI_BUS_NONE, ends with pci_bus_close().
 */
struct pci_bus {
        const char *path; /* with a '/' behind it */
        size_t length;
        int fd;
};

#define PCI_BUS_NONE ((struct pci_bus){.fd = -1})

void pci_bus_close(struct pci_bus *bus);

/* Where the files of a function are: below its own directory, or, of a machine that runs, its bus's. */
struct pci_dir {
        int fd;
        bool own;        /* whether fd is to be closed */
        char prefix[48]; /* of every name below fd */
};

#define PCI_DIR_NONE ((struct pci_dir){.fd = -1})

/* The bus has to outlive it. */
int pci_open(const struct root *root, struct pci_bus *bus, const struct device *d, struct pci_dir *ret);
void pci_dir_close(struct pci_dir *dir);
/* As dir_read() and dir_readlink(). */
ssize_t pci_read(const struct pci_dir *dir, const char *name, char *buf, size_t size);
ssize_t pci_readlink(const struct pci_dir *dir, const char *name, char *buf, size_t size);
/* Its configuration space, open; or less than 0. */
int pci_open_config(const struct pci_dir *dir);
/* IDs and class of a function; whether it can tell. */
bool pci_identify(const struct root *root, struct pci_bus *bus, struct device *d);
/* Its serial numbers. */
void pci_serial(const struct root *root, struct arena *a, const struct pci_dir *dir, struct device *d);
/* By address: facts_find() needs it. */
void facts_sort(struct facts *facts);
/* facts_group() needs it. */
void facts_index_groups(struct arena *a, struct facts *facts);
/* Slots, virtual functions and interfaces, once functions can be looked up. */
void pci_relate(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts);
/* The second pass: details of the devices that matter. */
int pci_details(const struct root *root, struct arena *a, const struct facts_request *request,
                struct facts *facts) _must_check_;
int modules_gather(const struct root *root, struct arena *a, const struct facts_request *request,
                   struct facts *facts) _must_check_;
/* What of these a kernel has, by its lists: what no list has is absent; where there is no list, nothing is said. */
int modules_look_up(const struct root *root, struct arena *a, const char *kernel, struct module *modules,
                    size_t n) _must_check_;
void modules_gather_builtin(const struct root *root, struct arena *a, struct facts *facts);
