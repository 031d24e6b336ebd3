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

static bool is_of(const struct guest_device *d, const char *rule)
{
        return d->interface && streq(d->rule, rule);
}

/*
 * libvirt sets the VLAN of a virtual function to that of the network that hands it out, or to none: it does not know
 * which one it will be.
 */
static const char *vlan(struct arena *a, const struct guest_device *devices, size_t n, const struct guest_device *first)
{
        for (size_t i = 0; i < n; i++)
                if (is_of(&devices[i], first->rule) && devices[i].vlan != first->vlan)
                        return "  <!-- The functions have different VLANs, which libvirt would take away: hand them "
                               "out "
                               "by their addresses. -->\n";
        return first->vlan > 0 ? arena_printf(a, "  <vlan>\n    <tag id='%u'/>\n  </vlan>\n", first->vlan) : "";
}

/* managed='no': the driver is there already, and libvirt is not to give the device back to the host. */
static void lines(struct arena *a, const struct guest_device *devices, const struct guest_place *places, size_t n,
                  struct strings *ret)
{
        (void)places;
        for (size_t i = 0; i < n; i++) {
                const char *rule = devices[i].rule, *text;
                bool first = devices[i].interface;

                for (size_t k = 0; k < i; k++)
                        first &= !is_of(&devices[k], rule);
                if (!first)
                        continue;
                text = arena_join(a, "<network>\n  <name>", rule, "</name>\n  <forward mode='hostdev' managed='no'>\n",
                                  NULL);
                for (size_t k = i; k < n; k++)
                        if (is_of(&devices[k], rule))
                                text = arena_join(a, text, address(a, &devices[k]), NULL);
                strings_add(
                        a, ret,
                        arena_join(a, text, "  </forward>\n", vlan(a, devices, n, &devices[i]), "</network>\n", NULL));
        }
}

const struct exporter exporter_libvirt_network = {
        .name = "libvirt-network",
        .heading = "libvirt, for virsh net-define",
        .asked = true,
        .only_for = "virtual function of a network card",
        .lines = lines,
        .print = export_print_elements,
};
