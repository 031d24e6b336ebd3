/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's arguments. */
#include <stdio.h>

#include "base/str.h"
#include "export/export.h"

#define ISA_PORTS     4
#define DEFAULT_PORTS 4

static void add(struct arena *a, struct strings *list, const char *option, const char *value)
{
        strings_add(a, list, option);
        strings_add(a, list, value);
}

static void add_vfio(struct arena *a, const struct guest_device *d, const struct guest_place *place,
                     const char *backend, struct strings *ret)
{
        char where[48] = "";

        if (place->chosen)
                snprintf(where, sizeof(where), ",addr=0x%02x.%u%s", place->slot, place->function,
                         place->multifunction ? ",multifunction=on" : "");
        add(a, ret, "-device", arena_join(a, d->model ? d->model : "vfio-pci", ",", d->qemu, backend, where, NULL));
}

/* One controller for all of them, in front. */
static void add_usb(struct arena *a, const struct guest_device *devices, size_t n, struct strings *ret)
{
        size_t n_usb = 0;

        for (size_t i = 0; i < n; i++)
                n_usb += devices[i].way == GUEST_USB;
        if (n_usb > 0)
                add(a, ret, "-device", n_usb > DEFAULT_PORTS ? "qemu-xhci,p2=15,p3=15" : "qemu-xhci");
        for (size_t i = 0; i < n; i++)
                if (devices[i].way == GUEST_USB)
                        add(a, ret, "-device", arena_join(a, "usb-host,", devices[i].qemu, NULL));
}

/* QEMU's names begin with a letter and have no slash. */
static const char *name_of(struct arena *a, const char *node)
{
        static const char links[] = "/dev/passthrough/";
        char *name = arena_join(a, "port-", startswith(node, links) ? node + strlen(links) : str_basename(node), NULL),
             *plain = name + strlen("port-");

        for (char *c = name; *c; c++)
                if (*c == '/')
                        *c = '-';
        return (*plain >= 'a' && *plain <= 'z') || (*plain >= 'A' && *plain <= 'Z') ? plain : name;
}

static void add_serial(struct arena *a, const struct guest_device *devices, size_t n, struct strings *ret)
{
        size_t n_ports = 0;

        for (size_t i = 0; i < n; i++) {
                const char *name;

                if (devices[i].way != GUEST_SERIAL)
                        continue;
                name = name_of(a, devices[i].node);
                add(a, ret, "-chardev", arena_join(a, "serial,id=", name, ",path=", devices[i].node, NULL));
                add(a, ret, "-device",
                    arena_join(a, n_ports++ < ISA_PORTS ? "isa-serial" : "pci-serial", ",chardev=", name, NULL));
        }
}

static void lines(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                  struct strings *ret)
{
        for (size_t i = 0; i < n; i++)
                if (devices[i].way == GUEST_VFIO)
                        add_vfio(a, &devices[i], &places[i], "", ret);
        add_usb(a, devices, n, ret);
        add_serial(a, devices, n, ret);
}

static void iommufd_lines(struct arena *a, const struct guest_device *devices, const struct guest_place *places,
                          size_t n, struct strings *ret)
{
        for (size_t i = 0; i < n; i++) {
                if (devices[i].way != GUEST_VFIO)
                        continue;
                if (ret->n == 0)
                        add(a, ret, "-object", "iommufd,id=iommufd0");
                add_vfio(a, &devices[i], &places[i], ",iommufd=iommufd0", ret);
        }
}

static void notes(struct arena *a, const struct guest_device *devices, size_t n, struct strings *ret)
{
        bool moment = false, serial = false;

        for (size_t i = 0; i < n; i++) {
                const char *rule = devices[i].rule;

                if (devices[i].vgpu && (i == 0 || !streq(devices[i - 1].rule, rule)))
                        strings_add(a, ret,
                                    arena_join(a, "a unit that starts the virtual machine has Requires=passthrough@",
                                               rule, ".service and After=passthrough@", rule,
                                               ".service; that is active once the virtual GPUs are there", NULL));
                moment |= devices[i].way == GUEST_USB && !devices[i].id;
                serial |= devices[i].way == GUEST_SERIAL;
        }
        if (moment)
                strings_add(a, ret,
                            "its ID is not unique here, so hostbus= and hostport= name its socket; hostbus= may be "
                            "another after a reboot, and is for the USB 3 half of the socket: run show again then");
        if (serial)
                strings_add(a, ret, "for a guest without an ISA bus write pci-serial in place of isa-serial");
}

/* As lines of a shell's command. */
static void print(FILE *f, const struct strings *list)
{
        for (size_t i = 0; i < list->n; i += 2)
                fprintf(f, "  %s %s%s\n", list->v[i], list->v[i + 1], i + 2 < list->n ? " \\" : "");
}

const struct exporter exporter_qemu = {
        .name = "qemu", .heading = "QEMU", .lines = lines, .notes = notes, .print = print};

const struct exporter exporter_qemu_iommufd = {
        .name = "qemu_iommufd",
        .heading = "QEMU 9.0 and later, through iommufd",
        .only_for = "PCI device with a node in /dev/vfio/devices",
        .iommufd = true,
        .lines = iommufd_lines,
        .print = print,
};
