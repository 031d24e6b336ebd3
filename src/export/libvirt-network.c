/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network of libvirt's that hands out the virtual functions of a rule, as virsh net-define takes it: one file for
 * each rule (https://libvirt.org/formatnetwork.html, mode hostdev).
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "export/export.h"

/* "<address domain=.../>" of a <hostdev> is of a type that only the network has to be told. */
static const char *address(struct arena *a, const struct guest_device *d)
{
        static const char begin[] = "<address ";

        return arena_join(a, "    ", begin, "type='", d->type, "' ", d->libvirt + strlen(begin), "\n", NULL);
}

/* managed='no': the driver is there already, and libvirt is not to give the device back to the host. */
static void lines(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                  struct strings *ret)
{
        (void)places;
        for (size_t i = 0; i < n; i++) {
                const char *text;
                bool first = devices[i].interface;

                for (size_t k = 0; k < i; k++)
                        first &= !devices[k].interface || !streq(devices[k].rule, devices[i].rule);
                if (!first)
                        continue;
                text = arena_join(a, "<network>\n  <name>", devices[i].rule,
                                  "</name>\n  <forward mode='hostdev' managed='no'>\n", NULL);
                for (size_t k = i; k < n; k++)
                        if (devices[k].interface && streq(devices[k].rule, devices[i].rule))
                                text = arena_join(a, text, address(a, &devices[k]), NULL);
                strings_add(a, ret, arena_join(a, text, "  </forward>\n</network>\n", NULL));
        }
}

static void print(FILE *f, const struct strings *list)
{
        for (size_t i = 0; i < list->n; i++)
                fprintf(f, "%s%s", i > 0 ? "\n" : "", list->v[i]);
}

const struct exporter exporter_libvirt_network = {
        .name = "libvirt-network",
        .heading = "libvirt, for virsh net-define",
        .asked = true,
        .lines = lines,
        .print = print,
};
