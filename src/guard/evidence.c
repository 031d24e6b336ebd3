/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/evidence.h"

#include "base/str.h"
#include "guard/parts.h"

static bool asks_for(const struct facts *facts, unsigned roles)
{
        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].detailed && facts->devices[i].roles & roles)
                        return true;
        return false;
}

/* A part, and what it is that its files speak of. */
static void ask(struct graph *g, const char **unknown, void (*part)(struct graph *g))
{
        g->unknown = unknown;
        part(g);
}

/* What shows of a host that is up alone. */
typedef void (*up_fn)(struct graph *g, const struct facts_request *request);

static void uses_up(struct graph *g, const struct facts_request *request)
{
        struct evidence *e = g->evidence;

        ask(g, &e->network_unknown, guard_network);
        ask(g, &e->keyboards_unknown, guard_keyboards);
        if (request->writers || request->busy)
                ask(g, &e->network_unknown, guard_addresses);
        /* These tell of the next boot, too. */
        if (request->writers)
                ask(g, &e->storage_unknown, guard_writers);
        if (request->writers || request->busy)
                ask(g, &e->rdma_unknown, guard_rdma);
        ask(g, &e->uplink_unknown, guard_uplink);
        if (guard_asks_for_plugged(g->facts) || asks_for(g->facts, ROLE_SERIAL))
                ask(g, &e->consoles_unknown, guard_terminals);
        guard_ports(g);
        ask(g, &e->storage_unknown, guard_lent);
        guard_sight(g);
}

/* It speaks of all of them. */
static void look_at_command_line(struct graph *g)
{
        struct evidence *e = g->evidence;
        const char **unknown[] = {&e->storage_unknown, &e->network_unknown, &e->keyboards_unknown,
                                  &e->consoles_unknown};
        const char *line = g->facts->cmdline;

        if (!line || !*line || line[strlen(line) - 1] == '\n')
                return;
        for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
                guard_unknown(g, unknown[i], "the kernel command line cannot be read to its end");
}

static void uses(struct graph *g, const struct facts_request *request, up_fn up)
{
        struct facts *facts = g->facts;
        struct evidence *e = g->evidence;

        look_at_command_line(g);
        e->sees_storage = !request->early && (!facts->in_initrd || initrd_has_root(g->root, facts->initrd));
        e->sees_network = e->sees_keyboards = up && !facts->booting;
        if (e->sees_storage)
                ask(g, &e->storage_unknown, guard_storage);
        ask(g, &e->consoles_unknown, guard_consoles);
        if (e->sees_network)
                up(g, request);
        if (asks_for(facts, ROLE_STORAGE))
                ask(g, &e->storage_unknown, guard_volumes);
        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].detailed) {
                        facts->devices[i].unseen = guard_unseen(g, i, &facts->devices[i].unseen_kind);
                        facts->devices[i].idle = facts->root_stage && guard_idle(g, i);
                        if (!facts->devices[i].unseen && e->sees_keyboards)
                                facts->devices[i].unseen = guard_children(g, i);
                }
}

static struct graph gather(const struct root *root, struct arena *a, const struct facts_request *request,
                           struct facts *facts, up_fn up)
{
        struct graph g = {.root = root,
                          .host = ROOT_INIT,
                          .arena = a,
                          .facts = facts,
                          .evidence = arena_alloc(a, sizeof(*g.evidence))};

        if (request->use)
                uses(&g, request, up);
        root_close(&g.host);
        g.host = ROOT_INIT;
        facts->evidence = g.evidence;
        return g;
}

void guard_gather_early(const struct root *root, struct arena *a, const struct facts_request *request,
                        struct facts *facts)
{
        gather(root, a, request, facts, NULL);
}

void guard_gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        struct graph g = gather(root, a, request, facts, uses_up);
        const char *gpus_unknown = NULL; /* each device has it */

        /* Where an answer is waited for, nothing but this moment counts: what has been bound early types already. */
        if (request->use && request->asked && facts->booting)
                ask(&g, &g.evidence->keyboards_unknown, guard_keyboards);
        if (request->busy && (!request->use || facts->booting))
                ask(&g, &g.evidence->network_unknown, guard_addresses);
        if (request->busy)
                ask(&g, &g.evidence->busy_unknown, guard_busy);
        if (request->use)
                ask(&g, &gpus_unknown, guard_vgpus);
        if (request->use && guard_asks_for_plugged(facts)) {
                if (g.evidence->sees_storage)
                        ask(&g, &g.evidence->missing, guard_missing);
                guard_plugged(&g);
        }
        if (!facts->booting)
                guard_vgchange(&g);
}
