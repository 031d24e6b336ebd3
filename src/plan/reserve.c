/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/reserve.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"

const char *const huge_action_names[HUGE_ACTION_MAX_] = {"write", "keep", "refuse", "skip"};

#define KIB UINT64_C(1024)
#define GIB (KIB * KIB * KIB)

struct huge_planner {
        const struct memory *memory;
        const char *off_by;
        struct arena *arena;
        struct huge_plan *plan;
        uint64_t machine_used; /* bytes that are huge pages once what was planned so far is done */
        uint64_t *node_used;   /* beside memory->nodes */
};

/*
 * With less than half a GiB a system and its initrd do not come up; of a node the kernel needs little. What a host
 * keeps for each page and each device grows with its memory.
 */
uint64_t reserve_for_host(uint64_t total, bool machine)
{
        uint64_t share = MIN(total / 10, GIB), least = machine ? MAX(MIN(total / 2, GIB / 2), total / 64) : 0;

        return MAX(share, least);
}

/* No sum overflows: what would is too much in any case. */
static uint64_t plus(uint64_t a, uint64_t b)
{
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
        return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

/* "6.9 GiB" */
const char *reserve_bytes(struct arena *a, uint64_t bytes)
{
        uint64_t unit = bytes >= GIB ? GIB : KIB * KIB;
        uint64_t tenths = bytes % unit * 10 / unit;

        return arena_printf(a, "%" PRIu64 ".%" PRIu64 " %s", bytes / unit, tenths, unit == GIB ? "GiB" : "MiB");
}

static uint64_t used(const struct memory_part *part)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < part->n_pools; i++)
                sum = plus(sum, times(part->pools[i].pages, part->pools[i].size));
        return sum;
}

static void refuse(struct huge_planner *p, struct huge_entry *e, const char *format, ...) _printf_(3, 4);
static void refuse(struct huge_planner *p, struct huge_entry *e, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        e->reason = arena_vprintf(p->arena, format, ap);
        va_end(ap);
        e->action = HUGE_REFUSE;
}

static void no_such_size(struct huge_planner *p, struct huge_entry *e)
{
        const struct memory_part *machine = &p->memory->machine;
        const char *there = NULL;

        for (size_t i = 0; i < machine->n_pools; i++) {
                uint64_t size = machine->pools[i].size;
                const char *name = size % GIB == 0           ? arena_printf(p->arena, "%" PRIu64 "G", size / GIB)
                                   : size % (KIB * KIB) == 0 ? arena_printf(p->arena, "%" PRIu64 "M", size / KIB / KIB)
                                                             : arena_printf(p->arena, "%" PRIu64 "K", size / KIB);

                there = there ? arena_join(p->arena, there, ", ", name, NULL) : name;
        }
        if (there)
                refuse(p, e, "this kernel has no huge pages of %s on this machine; it has %s", e->size, there);
        else
                refuse(p, e, "this kernel shows no huge pages");
}

/* Whether so many more bytes leave the host what it needs; else the entry is refused. */
static bool fits(struct huge_planner *p, struct huge_entry *e, uint64_t size, const struct memory_part *part,
                 const char *place, uint64_t in_use, uint64_t more)
{
        uint64_t reserve = reserve_for_host(part->total, part == &p->memory->machine);

        if (part->total == 0)
                refuse(p, e, "cannot see how much memory %s has", place);
        else if (plus(in_use, more) > part->total - reserve)
                refuse(p, e, "%s asked for; at most %s of the %s of %s can be huge pages%s%s%s",
                       reserve_bytes(p->arena, times(e->asked, size)), reserve_bytes(p->arena, part->total - reserve),
                       reserve_bytes(p->arena, part->total), place, in_use ? ", and " : "",
                       in_use ? reserve_bytes(p->arena, in_use) : "", in_use ? " are taken" : "");
        return e->action != HUGE_REFUSE;
}

/* What is to be written below directory, which has the pools. */
static void write_count(struct huge_planner *p, struct huge_entry *e, uint64_t size, const char *directory)
{
        e->action = HUGE_WRITE;
        e->value = arena_printf(p->arena, "%" PRIu64, e->asked);
        e->target = arena_printf(p->arena, "%s/hugepages-%" PRIu64 "kB/nr_hugepages", directory, size / KIB);
        e->reason = arena_printf(p->arena, "reserves %" PRIu64 " pages of %s%s%s", e->asked, e->size,
                                 e->by_node ? " on " : "", e->by_node ? e->place : "");
}

/* The entry, whose pool is part's. node: its position, or SIZE_MAX for the machine. */
static void judge(struct huge_planner *p, struct huge_entry *e, uint64_t size, const struct memory_part *part,
                  size_t node)
{
        const struct huge_pool *pool = memory_pool(part, size);
        uint64_t more;

        if (!memory_pool(&p->memory->machine, size))
                no_such_size(p, e);
        else if (!pool)
                refuse(p, e, "%s has no huge pages of %s", e->place, e->size);
        else if (!pool->known)
                refuse(p, e, "cannot see how many are there already");
        if (e->action == HUGE_REFUSE)
                return;
        e->there = pool->pages;
        if (pool->pages >= e->asked) {
                e->action = HUGE_KEEP;
                e->reason = pool->pages == e->asked ? "they are there already" : "more are there already";
                return;
        }
        more = times(e->asked - pool->pages, size);
        if ((node != SIZE_MAX && !fits(p, e, size, part, e->place, p->node_used[node], more)) ||
            !fits(p, e, size, &p->memory->machine, "the machine", p->machine_used, more))
                return;
        p->machine_used = plus(p->machine_used, more);
        if (node != SIZE_MAX)
                p->node_used[node] = plus(p->node_used[node], more);
        write_count(p, e, size,
                    e->by_node ? arena_printf(p->arena, MEMORY_NODES "/node%u/hugepages", e->node) : MEMORY_POOLS);
}

static void add(struct huge_planner *p, const struct huge_pages *pages, const struct huge_node *node)
{
        const struct memory *memory = p->memory;
        struct huge_entry *e = arena_grow(p->arena, &p->plan->entries, p->plan->n, sizeof(*p->plan->entries));
        const struct memory_node *at = node ? memory_node(memory, node->node) : NULL;

        p->plan->n++;
        *e = (struct huge_entry){.size = pages->name,
                                 .by_node = node != NULL,
                                 .node = node ? node->node : 0,
                                 .place = node ? arena_printf(p->arena, "node %u", node->node) : "the machine",
                                 .asked = node ? node->count : pages->count};
        if (p->off_by) {
                e->action = HUGE_SKIP;
                e->reason = arena_printf(p->arena, "%s on the kernel command line", p->off_by);
        } else if (!node)
                judge(p, e, pages->size, &memory->machine, SIZE_MAX);
        else if (!at)
                refuse(p, e, "this machine has no NUMA node %u", node->node);
        else
                judge(p, e, pages->size, &at->memory, (size_t)(at - memory->nodes));
}

const struct huge_entry *reserve_refused(const struct huge_plan *plan, const char *size)
{
        for (size_t i = 0; i < plan->n; i++)
                if (plan->entries[i].action == HUGE_REFUSE && streq(plan->entries[i].size, size))
                        return &plan->entries[i];
        return NULL;
}

/* The largest first: they need memory in one piece. */
struct huge_plan reserve_plan(const struct settings *settings, const struct memory *memory, const char *off_by,
                              struct arena *a)
{
        struct huge_plan plan = {};
        struct huge_planner p = {.memory = memory,
                                 .off_by = off_by,
                                 .arena = a,
                                 .plan = &plan,
                                 .machine_used = used(&memory->machine),
                                 .node_used = arena_alloc(a, memory->n_nodes * sizeof(*p.node_used))};

        for (size_t i = 0; i < memory->n_nodes; i++)
                p.node_used[i] = used(&memory->nodes[i].memory);
        for (size_t i = 0; i < settings->n_pages; i++) {
                const struct huge_pages *pages = &settings->pages[i];

                if (pages->has_count)
                        add(&p, pages, NULL);
                for (size_t n = 0; n < pages->n_nodes; n++)
                        add(&p, pages, &pages->nodes[n]);
        }
        return plan;
}
