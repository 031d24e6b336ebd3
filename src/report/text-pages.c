/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/text-pages.h"

#include <inttypes.h>

#include "base/str.h"
#include "report/cell.h"

#define HEAD "  Huge pages   "

struct line {
        const char *size, *place, *pages, *text;
        bool bad;
        enum colour colour;
};

static void put(const struct screen *s, const struct line *lines, size_t n)
{
        size_t size = 0, place = 0, pages = 0, at;

        for (size_t i = 0; i < n; i++) {
                cell_widen(s, &size, lines[i].size);
                cell_widen(s, &place, lines[i].place);
                cell_widen(s, &pages, lines[i].pages);
        }
        at = strlen(HEAD) + size + place + pages + (size_t)4 * CELL_GAP;
        for (size_t i = 0; i < n; i++) {
                const struct line *l = &lines[i];

                paint(s->f, BOLD, 0, i == 0 ? HEAD : "");
                screen_skip(s, i == 0 ? 0 : strlen(HEAD));
                cell_put(s, PLAIN, size, l->size);
                cell_put(s, PLAIN, place, l->place);
                paint(s->f, RED, CELL_GAP, l->bad ? "x" : "");
                cell_put(s, l->colour, pages, l->pages);
                screen_wrap(s, at, at, l->text);
        }
}

/* As it stands beside the number that was asked for. */
static struct line planned(const struct screen *s, const struct huge_entry *e)
{
        struct line l = {.size = e->size, .place = e->place, .text = e->reason, .colour = GREEN};

        l.pages = arena_printf(s->arena, "%" PRIu64, e->asked);
        if (e->action == HUGE_WRITE)
                l.text = arena_join(s->arena, "reserved in the ", stages[STAGE_INITRD].name, NULL);
        l.bad = e->action == HUGE_REFUSE;
        if (l.bad)
                l.colour = RED;
        if (e->action == HUGE_SKIP) {
                /* The screen's head says why. */
                l.text = "not reserved";
                l.colour = GREY;
        }
        return l;
}

void pages_put_plan(const struct screen *s, const struct huge_plan *huge)
{
        struct line *lines = arena_alloc(s->arena, huge->n * sizeof(*lines));

        for (size_t i = 0; i < huge->n; i++)
                lines[i] = planned(s, &huge->entries[i]);
        put(s, lines, huge->n);
}

static struct line reserved(const struct screen *s, const struct record_pool *x)
{
        static const enum colour colours[POOL_STATE_MAX_] = {
                [POOL_RESERVED] = GREEN, [POOL_SHORT] = YELLOW, [POOL_REFUSED] = RED};
        const char *state = pool_state_names[x->state];

        return (struct line){
                .size = x->size,
                .place = *x->node ? arena_join(s->arena, "node ", x->node, NULL) : "the machine",
                .pages = arena_printf(s->arena, "%" PRIu64 " of %" PRIu64, x->got, x->asked),
                .text = arena_join(s->arena, state, *x->reason ? ": " : "", x->reason, NULL),
                .bad = x->state != POOL_RESERVED,
                .colour = colours[x->state],
        };
}

void pages_put_record(const struct screen *s, const struct record *record)
{
        struct line *lines = arena_alloc(s->arena, record->n_pools * sizeof(*lines));

        for (size_t i = 0; i < record->n_pools; i++)
                lines[i] = reserved(s, &record->pools[i]);
        put(s, lines, record->n_pools);
}
