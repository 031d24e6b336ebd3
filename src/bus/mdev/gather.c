/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>

#include "base/str.h"
#include "bus/mdev/mdev.h"
#include "facts/facts.h"

struct scan {
        const struct root *root;
        struct arena *arena;
        struct facts *facts;
};

/* Where a link of one of the kernel's directories leads, "/sys/devices/..."; NULL: elsewhere. */
static const char *sysfs_path(const struct scan *x, const char *dir, const char *name)
{
        char target[PATH_MAX], *devices;

        if (root_readlink(x->root, arena_join(x->arena, dir, "/", name, NULL), target, sizeof(target)) <= 0 ||
            !startswith(target, "../"))
                return NULL;
        devices = strstr(target, "/devices/");
        return devices && !strstr(devices, "..") ? arena_join(x->arena, "/sys", devices, NULL) : NULL;
}

static const char *leads_to(const struct scan *x, const char *path, const char *link)
{
        char target[PATH_MAX];

        if (root_readlink(x->root, arena_join(x->arena, path, "/", link, NULL), target, sizeof(target)) <= 0)
                return NULL;
        return str_printable(x->arena, str_basename(target));
}

static struct device *add(struct scan *x, const char *address, const char *sysfs)
{
        struct device *d = arena_grow(x->arena, &x->facts->devices, x->facts->n_devices++, sizeof(*d));

        *d = (struct device){.bus = &mdev_bus,
                             .address = address,
                             .sysfs = sysfs,
                             .path = address,
                             .identified = true,
                             .detailed = true,
                             .group = NO_GROUP,
                             .index = UINT32_MAX};
        return d;
}

static const char *text_of(const struct scan *x, const char *dir, const char *file)
{
        char text[256];

        if (root_read(x->root, arena_join(x->arena, dir, "/", file, NULL), text, sizeof(text)) <= 0)
                return NULL;
        return str_printable(x->arena, text);
}

static void gather_device(struct scan *x, const char *uuid, const char *sysfs)
{
        struct device *d = add(x, uuid, sysfs);
        struct mdev_own *own = arena_alloc(x->arena, sizeof(*own));
        const char *group, *up = arena_strndup(x->arena, sysfs, (size_t)(str_basename(sysfs) - 1 - sysfs));
        uint32_t v;

        d->parent = arena_strdup(x->arena, str_basename(up));
        d->below = d->parent;
        d->vgpu = leads_to(x, sysfs, "mdev_type");
        d->vgpu = d->vgpu ? d->vgpu : "";
        own->type = text_of(x, sysfs, "mdev_type/name");
        own->api = text_of(x, sysfs, "mdev_type/device_api");
        d->own = own;
        d->said_model = own->type ? own->type : d->vgpu;
        d->driver = d->driver_now = leads_to(x, sysfs, "driver");
        group = leads_to(x, sysfs, "iommu_group");
        if (group && str_to_u32(group, 10, &v) && v <= INT_MAX)
                d->group = (int)v;
}

static void gather_parent(struct scan *x, const char *name, const char *sysfs)
{
        struct device *d;

        if (facts_find(x->facts->gathered, name) != NO_DEVICE)
                return;
        d = add(x, name, sysfs);
        d->own = arena_alloc(x->arena, sizeof(struct mdev_own));
        d->said_model = "makes mediated devices";
        d->driver = d->driver_now = leads_to(x, sysfs, "driver");
}

static void gather_all(struct scan *x, const char *dir, void (*one)(struct scan *, const char *, const char *))
{
        const char **names, *sysfs;
        size_t n;

        if (root_list(x->root, x->arena, dir, &names, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                if ((sysfs = sysfs_path(x, dir, names[i])))
                        one(x, names[i], sysfs);
}

static int gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        struct scan x = {root, a, facts};

        (void)request;
        gather_all(&x, MDEV_PARENTS, gather_parent);
        gather_all(&x, MDEV_DEVICES, gather_device);
        return 0;
}

const struct bus_source mdev_source = {.bus = &mdev_bus, .gather = gather};
