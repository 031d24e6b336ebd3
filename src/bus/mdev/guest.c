/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How virtual machine monitors are told of a mediated device. Pure. */
#include "base/str.h"
#include "bus/mdev/mdev.h"

void mdev_guest(struct arena *a, const struct facts *facts, const struct device *d, const char *link,
                struct guest_device *ret)
{
        (void)facts;
        (void)link;
        *ret = (struct guest_device){
                .way = GUEST_VFIO,
                .qemu = arena_join(a, "sysfsdev=" MDEV_DEVICES "/", d->address, NULL),
                .type = "mdev",
                .libvirt = arena_join(a, "<address uuid='", d->address, "'/>", NULL),
        };
}
