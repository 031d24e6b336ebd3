/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How virtual machine monitors are told of a USB device. Pure. */
#include <string.h>

#include "base/str.h"
#include "bus/usb/usb.h"
#include "facts/facts.h"

/* No other device of this host has its ID at this moment. */
static bool is_unique(const struct facts *facts, const struct device *d)
{
        size_t n = 0;

        for (size_t i = 0; i < facts->n_devices; i++)
                n += facts->devices[i].bus == d->bus && streq(facts->devices[i].id, d->id);
        return d->identified && n == 1;
}

/*
 * QEMU looks for a device by ID, or by bus and port, again every two seconds and so finds it after a replug; it does
 * not look for hostdevice= (hw/usb/host-libusb.c). libvirt has no word for a port: device= is another after a replug.
 */
void usb_guest(struct arena *a, const struct facts *facts, const struct device *d, const char *link,
               struct guest_device *ret)
{
        const char *dash = strchr(d->address, '-'), *bus = arena_strndup(a, d->address, (size_t)(dash - d->address));

        (void)link;
        *ret = (struct guest_device){
                .way = GUEST_USB,
                .qemu = arena_join(a, "hostbus=", bus, ",hostport=", dash + 1, NULL),
                .type = "usb",
                .libvirt = arena_printf(a, "<address bus='%s' device='%u'/>", bus, usb_of(d)->device),
        };
        if (!is_unique(facts, d))
                return;
        ret->id = d->id;
        ret->qemu = arena_printf(a, "vendorid=0x%.4s,productid=0x%s", d->id, d->id + 5);
        ret->libvirt = arena_printf(a, "<vendor id='0x%.4s'/>\n    <product id='0x%s'/>", d->id, d->id + 5);
}
