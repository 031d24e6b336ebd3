/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How virtual machine monitors are told of a mediated device. Pure. */
#include <ctype.h>

#include "base/str.h"
#include "bus/mdev/mdev.h"
#include "facts/facts.h"

/* As libvirt calls its node device (src/node_device/node_device_udev.c, udevGenerateDeviceName()); NULL: it has none.
 */
static const char *node_device(struct arena *a, const struct facts *facts, const struct device *d)
{
        size_t at = facts_find(facts, d->parent);
        char *name;

        if (at == NO_DEVICE || facts->devices[at].bus->syntax->made)
                return NULL;
        name = arena_join(a, facts->devices[at].bus->syntax->name, "_", d->parent, NULL);
        for (char *c = name; *c; c++)
                if (!isalnum((unsigned char)*c))
                        *c = '_';
        return name;
}

void mdev_guest(struct arena *a, const struct facts *facts, const struct device *d, const char *link,
                struct guest_device *ret)
{
        const char *api = mdev_of(d)->api;

        (void)link;
        *ret = (struct guest_device){
                .way = GUEST_VFIO,
                .qemu = arena_join(a, "sysfsdev=" MDEV_DEVICES "/", d->address, NULL),
                .model = api ? api : "vfio-pci",
                .type = "mdev",
                .libvirt = arena_join(a, "<address uuid='", d->address, "'/>", NULL),
                .vgpu = d->vgpu,
                .vgpu_name = mdev_of(d)->type,
                .uuid = d->address,
                .node_device = node_device(a, facts, d),
        };
}
