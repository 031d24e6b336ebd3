/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bus/pci/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"

void pci_parent_close(struct pci_parent *parent)
{
        close_fd(&parent->fd);
        *parent = PCI_PARENT_NONE;
}

static int open_parent(const struct root *root, struct pci_parent *parent, const struct device *d)
{
        size_t length = (size_t)(str_basename(d->sysfs) - d->sysfs);
        char path[PATH_MAX];

        if (parent->fd >= 0 && parent->length == length && memcmp(parent->path, d->sysfs, length) == 0)
                return parent->fd;
        pci_parent_close(parent);
        if (snprintf(path, sizeof(path), "%.*s", (int)length, d->sysfs) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        *parent = (struct pci_parent){
                .path = d->sysfs, .length = length, .fd = root_open_at(root, path, O_PATH | O_DIRECTORY)};
        return parent->fd;
}

/* Captured machines may have links anywhere, which root_open_at() alone keeps below their root. */
int pci_open(const struct root *root, struct pci_parent *parent, const struct device *d, struct pci_dir *ret)
{
        *ret = (struct pci_dir){.root = root, .sysfs = d->sysfs, .own = !root->live};
        if (strlen(d->address) + 2 > sizeof(ret->prefix))
                return ret->fd = -ENAMETOOLONG;
        if (root->live)
                stpcpy(stpcpy(ret->prefix, d->address), "/");
        ret->fd = root->live ? open_parent(root, parent, d) : root_open_at(root, d->sysfs, O_PATH | O_DIRECTORY);
        return ret->fd;
}

void pci_dir_close(struct pci_dir *dir)
{
        if (dir->own)
                close_fd(&dir->fd);
}

static const char *name_in(const struct pci_dir *dir, const char *name, char buf[static 128])
{
        if (!*dir->prefix)
                return name;
        stpcpy(stpcpy(buf, dir->prefix), name);
        return buf;
}

ssize_t pci_read(const struct pci_dir *dir, const char *name, char *buf, size_t size)
{
        char path[128];

        ssize_t n = dir_read(dir->fd, name_in(dir, name, path), buf, size);

        root_note(dir->root, ASKED_READ, dir->sysfs, name, n);
        return n;
}

ssize_t pci_readlink(const struct pci_dir *dir, const char *name, char *buf, size_t size)
{
        char path[128];

        ssize_t n = dir_readlink(dir->fd, name_in(dir, name, path), buf, size);

        root_note(dir->root, ASKED_LINK, dir->sysfs, name, n);
        return n;
}

int pci_open_config(const struct pci_dir *dir)
{
        char path[128];

        int fd = openat(dir->fd, name_in(dir, "config", path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        root_note(dir->root, ASKED_READ, dir->sysfs, "config", fd < 0 ? -errno : 0);
        return fd;
}
