/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's <hostdev>, one for each device. */
#include <stdio.h>

#include "export/export.h"

/* managed='no': the driver is there already, and libvirt is not to give the device back to the host. */
static void lines(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                  struct strings *ret)
{
        for (size_t i = 0; i < n; i++) {
                char where[128] = "";

                if (places[i].chosen)
                        snprintf(where, sizeof(where),
                                 "  <address type='pci' domain='0x0000' bus='0x00' slot='0x%02x' function='0x%x'%s/>\n",
                                 places[i].slot, places[i].function,
                                 places[i].multifunction ? " multifunction='on'" : "");
                strings_add(a, ret,
                            arena_printf(a,
                                         "<hostdev mode='subsystem' type='%s' managed='no'>\n"
                                         "  <source>\n"
                                         "    %s\n"
                                         "  </source>\n"
                                         "%s</hostdev>\n",
                                         devices[i].type, devices[i].libvirt, where));
        }
}

const struct exporter exporter_libvirt = {
        .name = "libvirt",
        .heading = "libvirt, in <devices>",
        .lines = lines,
        .print = export_print_elements,
};
