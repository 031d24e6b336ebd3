/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/evidence.h"

#include "base/str.h"
#include "guard/parts.h"

static bool asks_for_storage(const struct facts *facts)
{
        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].detailed && facts->devices[i].roles & ROLE_STORAGE)
                        return true;
        return false;
}

static void uses(struct graph *g, const struct facts_request *request)
{
        struct facts *facts = g->facts;
        struct evidence *e = g->evidence;

        e->sees_storage = !request->early && (!facts->in_initrd || initrd_has_root(g->root, facts->initrd));
        e->sees_network = e->sees_keyboards = !facts->booting;
        if (e->sees_storage)
                guard_storage(g);
        guard_consoles(g);
        if (e->sees_network)
                guard_network(g);
        if (e->sees_keyboards)
                guard_keyboards(g);
        if (!facts->booting && (request->writers || request->busy))
                guard_addresses(g);
        /* These tell of the next boot, too. */
        if (request->writers && !facts->booting)
                guard_writers(g);
        if (e->sees_network)
                guard_uplink(g);
        if (asks_for_storage(facts))
                guard_volumes(g);
        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].detailed)
                        facts->devices[i].unseen = guard_unseen(g, i);
}

void guard_gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        struct evidence *evidence = arena_alloc(a, sizeof(*evidence));
        struct graph g = {.root = root, .arena = a, .facts = facts, .evidence = evidence};

        if (request->use)
                uses(&g, request);
        if (request->busy) {
                if (!request->use || facts->booting)
                        guard_addresses(&g);
                guard_busy(&g);
        }
        facts->evidence = evidence;
}
