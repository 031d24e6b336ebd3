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

/*
 * What a driver has made of the device for the host: the name of a directory that its class has below it; or NULL. What
 * is on disks, interfaces, terminals and buses of USB is known by other evidence.
 */
static const char *child(const struct graph *g, size_t device, const char *dir, unsigned depth)
{
        static const char *const classes[] = {"net", "block", "input", "tty", "sound", "dma", "wwan", "tpm", "rtc"};
        const char **names, *found = NULL, *class = str_basename(dir);
        size_t n;

        if (root_look_in(g->root, g->arena, dir, &names, &n) == SOURCE_UNREADABLE)
                return "something that cannot be read";
        for (size_t c = 0; c < ARRAY_SIZE(classes); c++)
                if (streq(class, classes[c]))
                        /* What the evidence has of these is judged by their uses. */
                        return n == 0 || (c < 2 && carries(g->evidence, device, c ? NODE_BLOCK : NODE_INTERFACE, false))
                                       ? NULL
                                       : classes[c];
        /* Buses and their devices have a number in their names, or an address; attributes do not. */
        for (size_t i = 0; i < n && !found && depth < 8; i++) {
                bool is_class = false;

                for (size_t c = 0; c < ARRAY_SIZE(classes); c++)
                        is_class |= streq(names[i], classes[c]);
                if (is_class || (strpbrk(names[i], "0123456789") && facts_find(g->facts, names[i]) == NO_DEVICE))
                        found = child(g, device, arena_join(g->arena, dir, "/", names[i], NULL), depth + 1);
        }
        return found;
}

/* Of a kind that no other evidence speaks of, and which a driver has. */
static const char *kept_busy(const struct graph *g, size_t device)
{
        const struct device *d = &g->facts->devices[device];
        const char *what;

        if (!d->driver)
                return NULL;
        if (streq(d->driver, "ccp"))
                what = "the keys that are sealed to the firmware's TPM";
        else if (streq(d->driver, "thunderbolt"))
                what = "what is plugged into its ports";
        else if (d->roles & (ROLE_SERIAL | ROLE_BRIDGE | ROLE_STORAGE | ROLE_NETWORK | ROLE_USB) ||
                 !(d->roles & (ROLE_GUARDED | ROLE_OBSCURE)))
                return NULL;
        else
                what = child(g, device, d->sysfs, 0);
        return what ? arena_printf(
                              g->arena,
                              "%s has it and gives the host %s, which may be needed; to say that it is not, unbind "
                              "it from %s first",
                              d->driver, what, d->driver)
                    : NULL;
}

const char *guard_unseen(const struct graph *g, size_t device)
{
        const struct evidence *e = g->evidence;
        const struct device *d = &g->facts->devices[device];
        const char *driver = d->driver ? d->driver : "", *why;
        bool storage = d->roles & ROLE_STORAGE, network = d->roles & ROLE_NETWORK;
        bool usb = d->roles & ROLE_USB, interface = carries(e, device, NODE_INTERFACE, false);
        bool uplink = network || interface || usb || startswith(d->class, MODEM); /* may be what the host answers on */

        if (driver_sets_aside(driver))
                return NULL;
        /* A disk, an interface and a keyboard may all be on USB. */
        if (e->sees_storage && e->storage_unknown && (storage || usb || carries(e, device, NODE_BLOCK, false)))
                return e->storage_unknown;
        if (e->sees_storage && storage && !*driver)
                return "it has no driver, so what is on its disks cannot be seen";
        for (size_t i = 0; i < e->n_nodes; i++)
                if (e->nodes[i].claim && guard_reached(&e->nodes[i], device))
                        return e->nodes[i].claim;
        if (e->sees_network && e->network_unknown && uplink)
                return e->network_unknown;
        if (e->sees_network && e->up_unknown && carries(e, device, NODE_INTERFACE, true))
                return e->up_unknown;
        if (e->sees_network && e->uplink_unknown && uplink)
                return e->uplink_unknown;
        if (e->consoles_unknown && d->roles & ROLE_SERIAL)
                return e->consoles_unknown;
        if (e->sees_keyboards && e->keyboards_unknown && usb)
                return e->keyboards_unknown;
        /* One of the keyboards is judged together with the others. */
        for (size_t i = 0; i < e->n_keyboards; i++)
                if (e->keyboards[i] == device)
                        return NULL;
        if (e->sees_keyboards && (why = kept_busy(g, device)))
                return why;
        if (e->sees_rdma && startswith(d->class, INFINIBAND) && !interface)
                return e->rdma_unknown;
        if (e->sees_network && network && *driver && !interface)
                return arena_printf(g->arena,
                                    "%s has it, and its interface is nowhere to be seen: another network namespace may",
                                    driver);
        return NULL;
}
