/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's arguments. */
#include <stdio.h>

#include "export/export.h"

/* Each is "host=ADDRESS" or the like, of -device vfio-pci. */
static void add_devices(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                        const char *backend, struct strings *ret)
{
        for (size_t i = 0; i < n; i++) {
                char where[48] = "";

                if (places[i].chosen)
                        snprintf(where, sizeof(where), ",addr=0x%02x.%u%s", places[i].slot, places[i].function,
                                 places[i].multifunction ? ",multifunction=on" : "");
                strings_add(a, ret, "-device");
                strings_add(a, ret, arena_join(a, "vfio-pci,", devices[i].qemu, backend, where, NULL));
        }
}

static void lines(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                  struct strings *ret)
{
        add_devices(a, devices, places, n, "", ret);
}

static void iommufd_lines(struct arena *a, const struct guest_device *devices, const struct guest_place *places,
                          size_t n, struct strings *ret)
{
        strings_add(a, ret, "-object");
        strings_add(a, ret, "iommufd,id=iommufd0");
        add_devices(a, devices, places, n, ",iommufd=iommufd0", ret);
}

/* As lines of a shell's command. */
static void print(FILE *f, const struct strings *list)
{
        for (size_t i = 0; i < list->n; i += 2)
                fprintf(f, "  %s %s%s\n", list->v[i], list->v[i + 1], i + 2 < list->n ? " \\" : "");
}

const struct exporter exporter_qemu = {.name = "qemu", .heading = "QEMU", .lines = lines, .print = print};

const struct exporter exporter_qemu_iommufd = {
        .name = "qemu_iommufd",
        .heading = "QEMU 9.0 and later, through iommufd",
        .iommufd = true,
        .lines = iommufd_lines,
        .print = print,
};
