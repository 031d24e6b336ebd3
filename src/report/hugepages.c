/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/hugepages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"

static const char reserved[] = "reserved", too_few[] = "short", refused[] = "refused";

static bool same(const struct record_pool *x, const struct huge_entry *e)
{
        char node[16] = "";

        if (e->by_node)
                snprintf(node, sizeof(node), "%u", e->node);
        return streq(x->size, e->size) && streq(x->node, node) && x->asked == e->asked;
}

const struct record_pool *record_pool_find(const struct record *record, const struct huge_entry *e)
{
        for (size_t i = 0; i < record->n_pools; i++)
                if (same(&record->pools[i], e))
                        return &record->pools[i];
        return NULL;
}

static void fill(struct arena *a, const struct huge_entry *e, const struct huge_result *r, const char *stage,
                 struct record_pool *x)
{
        *x = (struct record_pool){.size = e->size,
                                  .node = e->by_node ? arena_printf(a, "%u", e->node) : "",
                                  .state = reserved,
                                  .stage = stage,
                                  .reason = e->reason,
                                  .asked = e->asked,
                                  .got = e->action == HUGE_WRITE ? r->got : e->there,
                                  .at_us = r->at_us};
        if (e->action == HUGE_REFUSE)
                x->state = refused;
        else if (e->action == HUGE_WRITE) {
                x->reason = "";
                if (!r->known || r->got < e->asked)
                        x->state = too_few;
                if (r->error < 0)
                        x->reason = arena_printf(a, "writing %s to %s: %s", e->value, e->target, strerror(-r->error));
                else if (!r->known)
                        x->reason = "how many there are cannot be read";
                else if (r->got < e->asked)
                        x->reason = "the kernel found no more memory for them in one piece";
        }
}

/* Behind the operations of the initrd, before those of later stages. */
static void add_op(struct record *record, struct arena *a, const struct huge_entry *e, const char *stage)
{
        struct record_op *x = arena_grow(a, &record->ops, record->n_ops, sizeof(*record->ops));
        bool initrd = streq(stage, stages[STAGE_INITRD].name);

        record->n_ops++;
        for (; initrd && x > record->ops && !streq(x[-1].stage, stage); x--)
                *x = x[-1];
        *x = (struct record_op){op_names[OP_WRITE], e->target, e->value, e->reason, stage};
}

void record_merge_pools(struct record *record, struct arena *a, const struct huge_plan *plan,
                        const struct huge_result *results, const char *stage)
{
        struct record_pool *pools = arena_alloc(a, (plan->n + 1) * sizeof(*pools));
        size_t n = 0;

        for (size_t i = 0; i < plan->n; i++) {
                const struct huge_entry *e = &plan->entries[i];
                const struct record_pool *known = record_pool_find(record, e);

                if (e->action == HUGE_SKIP) {
                        if (known)
                                pools[n++] = *known;
                        continue;
                }
                fill(a, e, &results[i], stage, &pools[n]);
                /* Who reserved them, and when, is history. */
                if (known && e->action == HUGE_KEEP && streq(known->state, reserved))
                        pools[n] = *known;
                n++;
                if (e->action == HUGE_WRITE)
                        add_op(record, a, e, stage);
        }
        record->pools = pools;
        record->n_pools = n;
}

void log_pool(const struct root *root, const struct record_pool *x)
{
        const char *on = *x->node ? " on node " : "";

        if (streq(x->state, refused))
                log_line(root, LOG_LEVEL_WARNING, LOG_PAGES, NULL, NULL,
                         "huge pages: %" PRIu64 " of %s%s%s refused: %s", x->asked, x->size, on, x->node, x->reason);
        else if (streq(x->state, too_few))
                log_line(root, LOG_LEVEL_WARNING, LOG_PAGES, NULL, NULL,
                         "huge pages: of %" PRIu64 " of %s%s%s only %" PRIu64 " reserved: %s", x->asked, x->size, on,
                         x->node, x->got, x->reason);
        else
                log_line(root, LOG_LEVEL_INFO, LOG_PAGES, NULL, NULL, "huge pages: %" PRIu64 " of %s%s%s reserved",
                         x->got, x->size, on, x->node);
}
