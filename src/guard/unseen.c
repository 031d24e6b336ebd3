/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/str.h"
#include "guard/graph.h"

/* pci_ids.h: PCI_CLASS_COMMUNICATION_MODEM, PCI_CLASS_NETWORK_INFINIBAND (since Linux 6.2) */
#define MODEM      "0703"
#define INFINIBAND "0207"

/* Something of that kind is on the device. */
static bool carries(const struct evidence *evidence, size_t device, enum node_kind kind, bool up_only)
{
        for (size_t i = 0; i < evidence->n_nodes; i++)
                if (evidence->nodes[i].kind == kind && (evidence->nodes[i].up || !up_only) &&
                    guard_reached(&evidence->nodes[i], device))
                        return true;
        return false;
}

/* Displays, multimedia and accelerators are never the way to a disk or a network. */
static bool is_harmless(const struct device *d)
{
        return startswith(d->class, "03") || startswith(d->class, "04") || startswith(d->class, "12");
}

/* Input controllers, and hosts of I2C and SPI that no driver has: a laptop's own keyboard may be there. */
static bool may_be_typed_at(const struct device *d)
{
        return startswith(d->class, "09") ||
               (!d->driver && (startswith(d->class, "0c80") || startswith(d->class, "1180")));
}

const char *guard_unseen(const struct graph *g, size_t device, enum reason_kind *ret_kind)
{
        const struct evidence *e = g->evidence;
        const struct device *d = &g->facts->devices[device];
        const char *driver = d->driver ? d->driver : "";
        bool storage = d->roles & ROLE_STORAGE, network = d->roles & ROLE_NETWORK;
        bool usb = d->roles & ROLE_USB, interface = carries(e, device, NODE_INTERFACE, false);
        bool uplink = network || interface || usb || startswith(d->class, MODEM); /* may be what the host answers on */

        *ret_kind = REASON_NOT_CLEARED;
        if (driver_sets_aside(driver) || d->bus->interfaces)
                return NULL;
        if (e->unlisted && !is_harmless(d))
                return e->unlisted;
        /* A disk, an interface and a keyboard may all be on USB. */
        if (e->sees_storage && evidence_storage_unknown(e) && (storage || usb || carries(e, device, NODE_BLOCK, false)))
                return evidence_storage_unknown(e);
        if (e->sees_storage && storage && !*driver) {
                *ret_kind = REASON_NO_DRIVER;
                return "it has no driver, so what is on its disks cannot be seen";
        }
        for (size_t i = 0; i < e->n_nodes; i++)
                if (e->nodes[i].claim && guard_reached(&e->nodes[i], device))
                        return e->nodes[i].claim;
        if (e->sees_network && e->network_unknown && (network || interface))
                return e->network_unknown;
        if (e->sees_network && e->up_unknown && carries(e, device, NODE_INTERFACE, true))
                return e->up_unknown;
        if (e->sees_network && e->uplink_unknown && uplink)
                return e->uplink_unknown;
        if (e->consoles_unknown && d->roles & ROLE_SERIAL)
                return e->consoles_unknown;
        if (e->sees_keyboards && e->token && (usb || may_be_typed_at(d)))
                return arena_join(g->arena, e->token, ", on an unknown USB controller", NULL);
        if (e->sees_keyboards && e->keyboards_unknown && (usb || may_be_typed_at(d)))
                return e->keyboards_unknown;
        if (e->sees_rdma && startswith(d->class, INFINIBAND) && !interface)
                return e->rdma_unknown;
        /* Who makes virtual functions without a driver makes them for guests. */
        if (e->sees_network && network && !*driver && !interface && !d->parent)
                return e->absent;
        if (!e->sees_network || !network || !*driver || interface)
                return NULL;
        *ret_kind = REASON_NO_INTERFACE;
        return arena_join(g->arena, "driver ", driver,
                          " has it, and its interface does not show: another network namespace may have it", NULL);
}
