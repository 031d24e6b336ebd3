/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge pages against what passthrough.conf asks for. */
#include <inttypes.h>

#include "base/str.h"
#include "check/row.h"

/* What of the command line would have the kernel reserve them at boot, when memory is whole. */
static const char *pages_token(struct checker *c, const struct huge_pages *want)
{
        const char *text;

        if (want->has_count)
                return arena_printf(c->arena, "hugepagesz=%s hugepages=%" PRIu64, want->name, want->count);
        text = arena_printf(c->arena, "hugepagesz=%s hugepages=", want->name);
        for (size_t i = 0; i < want->n_nodes; i++)
                text = arena_printf(c->arena, "%s%s%" PRIu32 ":%" PRIu64, text, i > 0 ? "," : "", want->nodes[i].node,
                                    want->nodes[i].count);
        return text;
}

static const char *pages_fix(struct checker *c, const struct huge_pages *want)
{
        const struct huge_entry *refused = reserve_refused(&c->plan->huge, want->name);
        const char *token = pages_token(c, want);

        if (refused)
                return arena_join(c->arena, "ask for what can be had in passthrough.conf: ", refused->reason, NULL);
        return token ? arena_join(c->arena, "reserve them at boot, before memory is in pieces: ", token,
                                  " on the kernel command line; or free memory and ask again", NULL)
                     : NULL;
}

static void pages_by_node(struct checker *c, const char *id, const struct huge_pages *want)
{
        const struct memory *memory = &c->facts->memory;
        const char *text = "";
        bool enough = true;

        for (size_t i = 0; i < want->n_nodes; i++) {
                const struct memory_node *n = memory_node(memory, want->nodes[i].node);
                const struct huge_pool *pool = n ? memory_pool(&n->memory, want->size) : NULL;
                uint64_t there = pool ? pool->pages : 0;

                enough &= n && there >= want->nodes[i].count;
                text = n ? arena_printf(c->arena,
                                        "%s%snode %" PRIu32 " has %" PRIu64 " of %" PRIu64 " (%" PRIu64 " free)", text,
                                        i > 0 ? ", " : "", n->node, there, want->nodes[i].count, pool ? pool->free : 0)
                         : arena_printf(c->arena, "%s%sthere is no node %" PRIu32, text, i > 0 ? ", " : "",
                                        want->nodes[i].node);
        }
        check_row(c, id, enough ? CHECK_PASS : CHECK_FAIL, enough ? "" : pages_fix(c, want),
                  "%s: " MEMORY_NODES "/node*/hugepages/hugepages-%" PRIu64 "kB", text, want->size / 1024);
}

static void pages_row(struct checker *c, const struct huge_pages *want)
{
        const struct huge_pool *pool = memory_pool(&c->facts->memory.machine, want->size);
        const char *id = check_row_id(c, "hugepages", want->name);

        if (!pool)
                check_row(c, id, CHECK_FAIL,
                          "ask for another Size= in passthrough.conf, or for a processor that has it (1G: pdpe1gb)",
                          MEMORY_POOLS " has no pages of %s", want->name);
        else if (!want->has_count)
                pages_by_node(c, id, want);
        else if (pool->pages < want->count)
                check_row(c, id, CHECK_FAIL, pages_fix(c, want),
                          "%" PRIu64 " of %" PRIu64 " are there (" MEMORY_POOLS "/hugepages-%" PRIu64
                          "kB/nr_hugepages), %" PRIu64 " of them free",
                          pool->pages, want->count, want->size / 1024, pool->free);
        else
                check_row(c, id, CHECK_PASS, "",
                          "%" PRIu64 " are there (" MEMORY_POOLS "/hugepages-%" PRIu64 "kB/nr_hugepages), %" PRIu64
                          " asked for, %" PRIu64 " free",
                          pool->pages, want->size / 1024, want->count, pool->free);
}

void check_reservations(struct checker *c)
{
        for (size_t i = 0; i < c->in->settings->n_pages; i++)
                pages_row(c, &c->in->settings->pages[i]);
}
