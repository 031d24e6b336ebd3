/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/evidence.h"

#include "base/str.h"
#include "guard/sources.h"

/* Something of that kind is on the device. */
static bool carries(const struct evidence *evidence, size_t device, enum node_kind kind, bool up_only)
{
        for (size_t i = 0; i < evidence->n_nodes; i++)
                if (evidence->nodes[i].kind == kind && (evidence->nodes[i].up || !up_only) &&
                    guard_reached(&evidence->nodes[i], device))
                        return true;
        return false;
}

/* Why what the host does with a device cannot be told; NULL if it can, or if the device is not the host's now. */
static const char *unseen(const struct graph *g, size_t device)
{
        const struct evidence *e = g->evidence;
        const struct device *d = &g->facts->devices[device];
        const char *kind = guarded_class(d->class), *driver = d->driver ? d->driver : "";
        bool storage = kind && streq(kind, "storage"), network = kind && streq(kind, "network");
        bool usb = kind && streq(kind, "USB"), interface = carries(e, device, NODE_INTERFACE, false);

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
        if (e->sees_network && e->network_unknown && (network || interface))
                return e->network_unknown;
        if (e->sees_network && e->up_unknown && carries(e, device, NODE_INTERFACE, true))
                return e->up_unknown;
        if (e->sees_keyboards && e->keyboards_unknown && usb)
                return e->keyboards_unknown;
        if (e->sees_network && network && *driver && !interface)
                return arena_printf(g->arena,
                                    "%s has it, and its interface is nowhere to be seen: another network namespace may",
                                    driver);
        return NULL;
}

static bool asks_for_storage(const struct facts *facts)
{
        for (size_t i = 0; i < facts->n_devices; i++) {
                const char *kind = facts->devices[i].detailed ? guarded_class(facts->devices[i].class) : NULL;

                if (kind && streq(kind, "storage"))
                        return true;
        }
        return false;
}

static void uses(struct graph *g, const struct facts_request *request)
{
        struct facts *facts = g->facts;
        struct evidence *e = g->evidence;

        e->sees_storage = !request->early && (!facts->in_initrd || facts_root_mounted(g->root));
        e->sees_network = e->sees_keyboards = !facts->booting;
        if (e->sees_storage)
                guard_storage(g);
        guard_consoles(g);
        if (e->sees_network)
                guard_network(g);
        if (e->sees_keyboards)
                guard_keyboards(g);
        /* These tell of the next boot, too. */
        if (request->writers && !facts->booting) {
                guard_addresses(g);
                guard_writers(g);
        }
        if (asks_for_storage(facts))
                guard_volumes(g);
        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].detailed)
                        facts->devices[i].unseen = unseen(g, i);
}

void guard_gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        struct evidence *evidence = arena_alloc(a, sizeof(*evidence));
        struct graph g = {.root = root, .arena = a, .facts = facts, .evidence = evidence};

        if (request->use)
                uses(&g, request);
        if (request->busy) {
                guard_addresses(&g);
                guard_busy(&g);
        }
        facts->evidence = evidence;
}
