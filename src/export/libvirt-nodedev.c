/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mediated devices as libvirt's node devices (https://libvirt.org/formatnode.html, capability mdev), for a host on
 * which libvirt makes them: what virsh nodedev-create and nodedev-define take, a file for each.
 */
#include "base/str.h"
#include "export/export.h"

/* libvirt's schema wants a name, and libvirt gives the device its own, which is this one. */
static const char *name_of(struct arena *a, const struct guest_device *d)
{
        char *name = arena_join(a, "mdev_", d->uuid, d->node_device + strcspn(d->node_device, "_"), NULL);

        for (char *c = name; *c; c++)
                if (*c == '-')
                        *c = '_';
        return name;
}

static void lines(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                  struct strings *ret)
{
        (void)places;
        for (size_t i = 0; i < n; i++)
                if (devices[i].uuid && devices[i].node_device)
                        strings_add(a, ret,
                                    arena_join(a, "<device>\n  <name>", name_of(a, &devices[i]), "</name>\n  <parent>",
                                               devices[i].node_device,
                                               "</parent>\n  <capability type='mdev'>\n    <type id='", devices[i].vgpu,
                                               "'/>\n    <uuid>", devices[i].uuid,
                                               "</uuid>\n  </capability>\n</device>\n", NULL));
}

static void notes(struct arena *a, const struct guest_device *devices, size_t n, struct strings *ret)
{
        bool any = false;

        for (size_t i = 0; i < n; i++)
                any |= devices[i].uuid != NULL;
        if (any)
                strings_add(a, ret,
                            "the rule makes it at each boot, so define it in libvirt only once the rule is gone: both "
                            "would own it");
}

const struct exporter exporter_libvirt_nodedev = {
        .name = "libvirt-nodedev",
        .heading = "libvirt, for virsh nodedev-define",
        .asked = true,
        .only_for = "mediated device of a PCI device",
        .lines = lines,
        .notes = notes,
        .print = export_print_elements,
};
