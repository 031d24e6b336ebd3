/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's <hostdev> or <serial>, one for each device. */
#include <stdio.h>

#include "export/export.h"

/* model= says what the guest sees; nobody binds or gives back what is mediated. */
static const char *mediated(struct arena *a, const struct guest_device *d)
{
        return arena_printf(a,
                            "<hostdev mode='subsystem' type='%s' model='%s'>\n"
                            "  <source>\n"
                            "    %s\n"
                            "  </source>\n"
                            "</hostdev>\n",
                            d->type, d->model, d->libvirt);
}

/* managed='no': the driver is there already, and libvirt is not to give the device back to the host. */
static const char *vfio(struct arena *a, const struct guest_device *d, const struct guest_place *place)
{
        char where[128] = "";

        if (place->chosen)
                snprintf(where, sizeof(where),
                         "  <address type='pci' domain='0x0000' bus='0x00' slot='0x%02x' function='0x%x'%s/>\n",
                         place->slot, place->function, place->multifunction ? " multifunction='on'" : "");
        return arena_printf(a,
                            "<hostdev mode='subsystem' type='%s' managed='no'>\n"
                            "  <source>\n"
                            "    %s\n"
                            "  </source>\n"
                            "%s</hostdev>\n",
                            d->type, d->libvirt, where);
}

/* A guest starts without a stick that is not plugged in. Numbers of this moment could be another device's then. */
static const char *usb(struct arena *a, const struct guest_device *d)
{
        return arena_printf(a,
                            "<hostdev mode='subsystem' type='%s'>\n"
                            "  <source%s>\n"
                            "    %s\n"
                            "  </source>\n"
                            "</hostdev>\n",
                            d->type, d->id ? " startupPolicy='optional'" : "", d->libvirt);
}

static const char *serial(struct arena *a, const struct guest_device *d, unsigned port)
{
        return arena_printf(a,
                            "<serial type='dev'>\n"
                            "  <source path='%s'/>\n"
                            "  <target port='%u'/>\n"
                            "</serial>\n",
                            d->node, port);
}

static void lines(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                  struct strings *ret)
{
        unsigned port = 0;

        for (size_t i = 0; i < n; i++)
                strings_add(a, ret,
                            devices[i].uuid                ? mediated(a, &devices[i])
                            : devices[i].way == GUEST_VFIO ? vfio(a, &devices[i], &places[i])
                            : devices[i].way == GUEST_USB  ? usb(a, &devices[i])
                                                           : serial(a, &devices[i], port++));
}

static void notes(struct arena *a, const struct guest_device *devices, size_t n, struct strings *ret)
{
        bool usb = false, moment = false, vgpu = false;

        for (size_t i = 0; i < n; i++) {
                usb |= devices[i].way == GUEST_USB;
                vgpu |= devices[i].vgpu && !devices[i].uuid;
                moment |= devices[i].way == GUEST_USB && !devices[i].id;
        }
        if (vgpu)
                strings_add(
                        a, ret,
                        "leave managed='no' as it is: with yes libvirt would bind the virtual function to vfio-pci, "
                        "and the virtual GPU works through the driver that it has alone");
        if (moment)
                strings_add(a, ret,
                            "its ID is not unique here, and libvirt's address is another after each replug, and may be "
                            "another device's then: use it with virsh attach-device --live only");
        if (usb)
                strings_add(a, ret,
                            "libvirt does not give it to the guest again after a replug; a unit can: \"For libvirt\" "
                            "in passthrough.d(5) has it");
}

const struct exporter exporter_libvirt = {
        .name = "libvirt",
        .heading = "libvirt, in <devices>",
        .lines = lines,
        .notes = notes,
        .print = export_print_elements,
};
