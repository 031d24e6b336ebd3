/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The files of a PCI function in sysfs. */

#include "bus/bus.h"

/*
 * The directory that functions are in, open: of a machine that runs, they are looked up below it. Each component of a
 * path in sysfs takes a lock (fs/kernfs/dir.c, kernfs_dop_revalidate). Starts out as PCI_PARENT_NONE, ends with
 * pci_parent_close().
 */
struct pci_parent {
        const char *path; /* with a '/' behind it */
        size_t length;
        int fd;
};

#define PCI_PARENT_NONE ((struct pci_parent){.fd = -1})

void pci_parent_close(struct pci_parent *parent);

/* Where the files of a function are: below its own directory, or, of a machine that runs, below its parent. */
struct pci_dir {
        const struct root *root;
        const char *sysfs; /* the function's own directory */
        int fd;
        bool own;        /* whether fd is to be closed */
        char prefix[48]; /* of every name below fd */
};

#define PCI_DIR_NONE ((struct pci_dir){.fd = -1})

/* Root, parent and device have to outlive it. Returns less than 0 where the function is gone. */
int pci_open(const struct root *root, struct pci_parent *parent, const struct device *d, struct pci_dir *ret);
void pci_dir_close(struct pci_dir *dir);
/* As dir_read() and dir_readlink(). */
ssize_t pci_read(const struct pci_dir *dir, const char *name, char *buf, size_t size);
ssize_t pci_readlink(const struct pci_dir *dir, const char *name, char *buf, size_t size);
/* Its configuration space, open; or less than 0. */
int pci_open_config(const struct pci_dir *dir);
