/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list for people: a line for each device that people hand over, by what they look for it under. */

#include "base/str.h"
#include "report/cell.h"
#include "report/headings.h"
#include "report/list-next.h"
#include "report/paint.h"
#include "report/screen.h"
#include "report/text.h"

#define MARGIN       4 /* before an address */
#define GAP          CELL_GAP
#define DEVICE_LEAST 24 /* the names keep as many columns, and words that would need them go below the line */
#define DRIVER_MOST  15 /* a longer name moves its own line's end alone */

struct columns {
        size_t address, device, slot, numa, driver; /* how wide */
        size_t state;                               /* 0: what follows it is not lined up */
        size_t tail;                                /* what state and words may take */
};

static const enum colour state_colours[LIST_STATE_MAX_] = {
        [LIST_FREE] = GREEN,       [LIST_HELD] = GREY,      [LIST_HANDED_OVER] = GREEN,
        [LIST_NEXT_BOOT] = YELLOW, [LIST_ON_DEMAND] = GREY, [LIST_REFUSED] = RED,
};

static size_t before_device(const struct columns *c)
{
        return MARGIN + c->address + GAP;
}

/* All but the device, the state and the words. */
static size_t fixed(const struct columns *c)
{
        return before_device(c) + GAP + (c->slot ? c->slot + 1 : 0) + (c->numa ? c->numa + 1 : 0) + c->driver + GAP;
}

static size_t tail_of(const struct columns *c, const struct list_row *row)
{
        size_t state = strlen(list_state_names[row->state]), driver = strlen(row->driver);

        if (*row->words)
                state = MAX(state, c->state) + GAP + screen_columns(row->words);
        return state + (driver > c->driver ? driver - c->driver : 0);
}

/* What the longest state takes, with its words; words that would make it longer than the limit are not counted. */
static size_t longest_tail(const struct columns *c, const struct list_table *t, size_t limit)
{
        size_t longest = strlen("HANDOVER");

        for (size_t i = 0; i < t->n; i++) {
                struct list_row row = t->rows[i];
                size_t tail;

                if (tail_of(c, &row) > limit)
                        row.words = "";
                tail = tail_of(c, &row);
                longest = MAX(longest, tail);
        }
        return longest;
}

/* As wide as what they hold, but for drivers with a longer name than that. */
static struct columns measured(const struct screen *s, const struct listing *list, const struct list_table *t,
                               size_t driver_most)
{
        struct columns c = {.address = strlen("ADDRESS"), .device = strlen("DEVICE"), .driver = strlen("DRIVER")};

        c.slot = t->slots ? strlen("SLOT") : 0;
        c.numa = t->numa ? strlen("NUMA") : 0;
        for (size_t i = 0; i < t->n; i++) {
                const struct list_row *row = &t->rows[i];

                cell_widen(s, &c.address, listing_address(list, row->device));
                cell_widen(s, &c.device, cell_device(s, &row->cell, SCREEN_WIDE));
                if (strlen(row->driver) <= driver_most)
                        cell_widen(s, &c.driver, row->driver);
                cell_widen(s, &c.state, list_state_names[row->state]);
                if (t->slots)
                        cell_widen(s, &c.slot, row->slot);
        }
        return c;
}

static struct columns columns_of(const struct screen *s, const struct listing *list, const struct list_table *t)
{
        struct columns c = measured(s, list, t, SCREEN_WIDE);
        size_t left, least, used = strlen("DEVICE");

        if (s->width < fixed(&c) + c.device + longest_tail(&c, t, SCREEN_WIDE))
                c = measured(s, list, t, DRIVER_MOST);
        left = s->width > fixed(&c) ? s->width - fixed(&c) : 0;
        if (c.device + longest_tail(&c, t, SCREEN_WIDE) <= left) {
                c.tail = left - c.device;
                return c;
        }
        c.state = 0;
        /* The names give way first, to what is still one; then words go below their line. */
        least = longest_tail(&c, t, 0);
        least = MIN(c.device, left > least ? left - least : 0);
        least = MIN(least, (size_t)DEVICE_LEAST);
        c.tail = longest_tail(&c, t, left - least);
        c.device = MIN(c.device, left > c.tail ? left - c.tail : 0);
        for (size_t i = 0; i < t->n; i++)
                cell_widen(s, &used, cell_device(s, &t->rows[i].cell, c.device));
        c.device = used;
        c.tail = left > c.device ? left - c.device : 0;
        return c;
}

/* Numbers stand close to each other, at the right. */
static void put_number(const struct screen *s, enum colour colour, size_t columns, const char *text)
{
        text = screen_letters(s, text);
        screen_skip(s, columns > screen_columns(text) ? columns - screen_columns(text) : 0);
        paint(s->f, colour, 0, text);
        screen_skip(s, 1);
}

static void put_header(const struct screen *s, const struct columns *c)
{
        screen_skip(s, MARGIN);
        cell_put(s, BOLD, c->address, "ADDRESS");
        cell_put(s, BOLD, c->device, "DEVICE");
        if (c->slot)
                put_number(s, BOLD, c->slot, "SLOT");
        if (c->numa)
                put_number(s, BOLD, c->numa, "NUMA");
        cell_put(s, BOLD, c->driver, "DRIVER");
        paint(s->f, BOLD, 0, "HANDOVER");
        fputc('\n', s->f);
}

/* What a row has to say beside its columns: below it, or behind it where a line is as long as it likes. */
static void put_below(const struct screen *s, const struct columns *c, const struct strings *below, bool words)
{
        const size_t at = before_device(c) + GAP;

        for (size_t i = 0; s->width == SCREEN_WIDE && i < below->n; i++)
                fprintf(s->f, "%s%s", i > 0 ? "; " : words ? ": " : "  ", screen_letters(s, below->v[i]));
        fputc('\n', s->f);
        for (size_t i = 0; s->width != SCREEN_WIDE && i < below->n; i++) {
                screen_skip(s, at);
                screen_wrap(s, at, at + GAP, below->v[i]);
        }
}

static void put_row(const struct screen *s, const struct listing *list, const struct columns *c,
                    const struct list_row *row)
{
        const char *state = list_state_names[row->state];
        bool aside = *row->words && tail_of(c, row) > c->tail;
        struct strings below = {};

        screen_skip(s, MARGIN);
        cell_put(s, PLAIN, c->address, listing_address(list, row->device));
        cell_put(s, PLAIN, c->device, cell_device(s, &row->cell, c->device));
        if (c->slot)
                put_number(s, PLAIN, c->slot, row->slot);
        if (c->numa)
                put_number(s, PLAIN, c->numa, row->numa);
        cell_put(s, PLAIN, c->driver, row->driver);
        paint(s->f, state_colours[row->state], 0, state);
        if (*row->words && !aside) {
                screen_skip(s, GAP + (c->state ? c->state - strlen(state) : 0));
                fputs(screen_letters(s, row->words), s->f);
        }
        if (aside)
                strings_add(s->arena, &below, row->words);
        if (row->detail)
                strings_add(s->arena, &below, row->detail);
        for (size_t i = 0; i < row->below.n; i++)
                strings_add(s->arena, &below, row->below.v[i]);
        put_below(s, c, &below, *row->words);
}

static void put_count(const struct screen *s, const struct list_table *t, const struct listing *list)
{
        const char *text = "";

        for (enum list_state state = 0; state < LIST_STATE_MAX_; state++)
                if (t->of_state[state] > 0)
                        text = arena_printf(s->arena, "%s%s%zu %s%s", text, *text ? ", " : "", t->of_state[state],
                                            *text                     ? ""
                                            : t->of_state[state] == 1 ? "device is "
                                                                      : "devices are ",
                                            list_state_names[state]);
        if (t->n == 0)
                text = !list->words || list->words->n == 0 ? "There is no device here to hand over"
                       : list->words->n == 1
                               ? arena_join(s->arena, "No device here matches \"", list->words->v[0], "\"", NULL)
                               : "No device here has all of these words";
        text = arena_join(s->arena, text, ".",
                          t->n_hidden > 0 ? " Bridges and system functions are hidden (--all)." : "", NULL);
        screen_skip(s, GAP);
        screen_wrap(s, GAP, GAP, text);
}

void text_list(FILE *f, const struct listing *list, struct arena *a)
{
        const struct screen s = screen_of(f, a);
        const struct list_table t = listing_table(list, a);
        const struct columns c = columns_of(&s, list, &t);

        if (t.n > 0)
                put_header(&s, &c);
        for (size_t i = 0; i < t.n; i++) {
                if (i == 0 || t.rows[i].heading != t.rows[i - 1].heading) {
                        screen_skip(&s, GAP);
                        paint(f, BOLD, 0, heading_names[t.rows[i].heading]);
                        fputc('\n', f);
                }
                put_row(&s, list, &c, &t.rows[i]);
        }
        if (t.n > 0)
                fputc('\n', f);
        for (size_t i = 0; i < t.n_notes; i++) {
                const char *note = arena_join(a, t.notes[i].words, ": ", t.notes[i].detail, NULL);

                screen_skip(&s, GAP);
                screen_wrap(&s, GAP, 2 * GAP, note);
        }
        put_count(&s, &t, list);
        list_next(&s, list, &t);
}
