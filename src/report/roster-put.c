/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A roster on the screen. */

#include <inttypes.h>

#include "base/str.h"
#include "report/roster.h"

#define MARGIN       2
#define MARK         2  /* in front of an address */
#define RULE_MOST    20 /* a longer name has a line of its own */
#define DEVICE_LEAST 18 /* where the names have less, drivers go below their line, or rules have lines of their own */

struct columns {
        size_t rule, state, address, device, driver, last; /* how wide */
        size_t driver_most;                                /* a longer text goes below its line */
        bool apart;                                        /* rule and state have lines of their own */
};

/* "4.1 s" */
static const char *last_of(struct arena *a, const struct roster_row *row)
{
        uint64_t tenths = (row->at_us + 50000) / 100000;

        return row->at_us > 0 ? arena_printf(a, "%" PRIu64 ".%" PRIu64 " s", tenths / 10, tenths % 10) : row->last;
}

static size_t before_address(const struct columns *c)
{
        return c->apart ? (size_t)2 * MARGIN : MARGIN + c->rule + CELL_GAP + c->state + 1 + MARK;
}

static size_t before_device(const struct columns *c)
{
        return before_address(c) + (c->address ? c->address + CELL_GAP : 0);
}

static bool driver_fits(const struct screen *s, const struct columns *c, const struct roster_row *row)
{
        return screen_columns(screen_letters(s, row->driver)) <= c->driver_most;
}

/* "31:00.0 and 5 more, Samsung PM173X": across the columns of address and device. What has no room gives way to a word
 * for the kind. */
static const char *many_text(const struct screen *s, const struct roster_row *row, size_t columns)
{
        const char *count = arena_printf(s->arena, "%s and %zu more, ", row->address, row->n_alike);
        size_t n = screen_columns(count);
        const char *text = cell_device(s, &row->cell, columns > n ? columns - n : 0);

        return arena_join(s->arena, count, strstr(text, screen_letters(s, "…")) ? row->kind : text, NULL);
}

/* Of all but the device, where drivers of more than most columns go below their lines. */
static struct columns measure(const struct screen *s, const struct roster *r, bool apart, size_t most)
{
        struct columns c = {.rule = strlen("RULE"), .state = strlen("STATE"), .driver_most = most, .apart = apart};

        for (size_t i = 0; i < r->n; i++) {
                const struct roster_row *row = &r->rows[i];

                if (row->rule && screen_columns(row->rule) <= RULE_MOST)
                        cell_widen(s, &c.rule, row->rule);
                if (row->rule)
                        cell_widen(s, &c.state, row->state);
                if (!row->address)
                        continue;
                if (c.address == 0) {
                        c.address = strlen("ADDRESS");
                        c.device = strlen("DEVICE");
                        c.driver = strlen("DRIVER");
                        c.last = strlen(r->last);
                }
                cell_widen(s, &c.address, row->address);
                if (driver_fits(s, &c, row))
                        cell_widen(s, &c.driver, row->driver);
                cell_widen(s, &c.last, last_of(s->arena, row));
        }
        return c;
}

/* How wide the devices would like to be. */
static size_t wanted(const struct screen *s, const struct roster *r, const struct columns *c)
{
        size_t device = c->device;

        for (size_t i = 0; i < r->n; i++) {
                const struct roster_row *row = &r->rows[i];
                const char *text;
                size_t columns, across = row->n_alike > 0 ? c->address + CELL_GAP : 0;

                if (!row->address)
                        continue;
                text = across ? many_text(s, row, SCREEN_WIDE) : cell_device(s, &row->cell, SCREEN_WIDE);
                columns = screen_columns(text);
                device = MAX(device, columns > across ? columns - across : 0);
        }
        return device;
}

/* The first arrangement in which enough is left for the devices. */
static struct columns columns_of(const struct screen *s, const struct roster *r)
{
        static const struct {
                bool apart;
                size_t driver_most;
        } tries[] = {{false, SCREEN_WIDE}, {false, 20}, {true, SCREEN_WIDE}, {true, 20}, {true, 8}};
        struct columns c = {};

        for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
                size_t fixed, left, want;

                c = measure(s, r, tries[i].apart, tries[i].driver_most);
                fixed = before_device(&c) + CELL_GAP + c.driver + CELL_GAP + c.last;
                left = s->width > fixed ? s->width - fixed : 0;
                want = wanted(s, r, &c);
                c.device = MIN(want, left);
                if (c.address == 0 || left >= MIN(want, (size_t)DEVICE_LEAST))
                        break;
        }
        return c;
}

/* The columns up to the last that has something, without blanks behind it. */
static void put_cells(const struct screen *s, const enum colour *colours, const size_t *widths,
                      const char *const *texts, size_t n)
{
        while (n > 0 && !*texts[n - 1])
                n--;
        for (size_t i = 0; i + 1 < n; i++)
                cell_put(s, colours[i], widths[i], texts[i]);
        if (n > 0)
                paint(s->f, colours[n - 1], 0, screen_letters(s, texts[n - 1]));
        fputc('\n', s->f);
}

static void put_header(const struct screen *s, const struct roster *r, const struct columns *c)
{
        const enum colour bold[] = {BOLD, BOLD, BOLD, BOLD};
        const size_t widths[] = {c->address, c->device, c->driver, c->last};
        const char *const texts[] = {"ADDRESS", "DEVICE", c->driver_most > 8 ? "DRIVER" : "", r->last};

        screen_skip(s, MARGIN);
        if (c->apart || c->address == 0) {
                put_cells(s, bold, (const size_t[]){c->rule, c->state}, (const char *const[]){"RULE", "STATE"}, 2);
                if (c->address == 0)
                        return;
                screen_skip(s, before_address(c));
        } else {
                cell_put(s, BOLD, c->rule, "RULE");
                cell_put(s, BOLD, c->state + 1 + MARK - CELL_GAP, "STATE");
        }
        put_cells(s, bold, widths, texts, ARRAY_SIZE(texts));
}

/* Rule and state, and all else up to where a device has its address. */
static void put_lead(const struct screen *s, const struct columns *c, const struct roster_row *row)
{
        bool apart = row->rule && (c->apart || screen_columns(row->rule) > RULE_MOST);
        size_t at = 0;

        if (row->rule) {
                screen_skip(s, MARGIN);
                cell_put(s, BOLD, apart ? 0 : c->rule, row->rule);
                paint(s->f, row->colour, 0, row->state);
                if (apart && (row->address || row->text))
                        fputc('\n', s->f);
                else
                        at = MARGIN + c->rule + CELL_GAP + screen_columns(row->state);
        }
        if (!row->address && !row->text)
                return;
        screen_skip(s, before_address(c) - at - (row->bad ? MARK : 0));
        if (row->bad)
                paint(s->f, RED, MARK, "x");
}

static void put_line(const struct screen *s, size_t at, enum colour colour, const char *text)
{
        screen_skip(s, at);
        if (colour != PLAIN && screen_columns(text) + at <= s->width) {
                paint(s->f, colour, 0, screen_letters(s, text));
                fputc('\n', s->f);
        } else
                screen_wrap(s, at, at, text);
}

static void put_row(const struct screen *s, const struct columns *c, const struct roster_row *row)
{
        bool driver = driver_fits(s, c, row);
        const char *last = last_of(s->arena, row);
        enum colour dim = streq(row->last, ROSTER_STAYS) ? GREY : PLAIN;

        put_lead(s, c, row);
        if (row->address && row->n_alike > 0) {
                size_t across = c->address + CELL_GAP + c->device;

                put_cells(s, (const enum colour[]){PLAIN, dim, dim}, (const size_t[]){across, c->driver, c->last},
                          (const char *const[]){many_text(s, row, across), driver ? row->driver : "", last}, 3);
        } else if (row->address)
                put_cells(s, (const enum colour[]){PLAIN, PLAIN, dim, dim},
                          (const size_t[]){c->address, c->device, c->driver, c->last},
                          (const char *const[]){row->address, cell_device(s, &row->cell, c->device),
                                                driver ? row->driver : "", last},
                          4);
        else if (row->text)
                screen_wrap(s, before_address(c), before_address(c), row->text);
        else
                fputc('\n', s->f);
        if (!driver)
                put_line(s, before_device(c), PLAIN, row->driver);
        if (row->along)
                put_line(s, before_device(c), GREY, row->along);
        for (size_t i = 0; i < row->below.n; i++)
                put_line(s, row->address ? before_device(c) : before_address(c), PLAIN, row->below.v[i]);
        for (size_t i = 0; i < row->beneath.n; i++)
                put_line(s, before_address(c), PLAIN, row->beneath.v[i]);
}

void roster_put(const struct screen *s, const struct roster *r)
{
        const struct columns c = columns_of(s, r);

        if (r->n > 0)
                put_header(s, r, &c);
        for (size_t i = 0; i < r->n; i++)
                put_row(s, &c, &r->rows[i]);
        if (r->n_notes > 0)
                fputc('\n', s->f);
        for (size_t i = 0; i < r->n_notes; i++) {
                screen_skip(s, MARGIN);
                screen_wrap(s, MARGIN, (size_t)2 * MARGIN,
                            arena_join(s->arena, r->notes[i].rules, ": ", r->notes[i].text, NULL));
        }
}
