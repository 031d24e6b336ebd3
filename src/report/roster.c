/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/roster.h"

#include "base/str.h"
#include "report/beside.h"
#include "report/domain.h"

#define ALIKE_LEAST 3 /* so many rows become one */
#define ALONG_MOST  3 /* so many companions are named */
#define NAMED_MOST  4 /* so many rules are */

struct roster_row *roster_add(struct roster *r)
{
        struct roster_row *row = arena_grow(r->arena, &r->rows, r->n, sizeof(*r->rows));

        *row = (struct roster_row){.kind = "", .cell = {"", "", ""}, .driver = "", .last = ""};
        r->n++;
        return row;
}

struct roster_row *roster_add_rule(struct roster *r, const char *rule, enum rule_state state)
{
        static const enum colour colours[RULE_STATE_MAX_] = {
                [RULE_OK] = GREEN,     [RULE_REFUSED] = RED, [RULE_MISSING] = YELLOW, [RULE_INVALID] = RED,
                [RULE_SKIPPED] = GREY, [RULE_IDLE] = GREY,   [RULE_PENDING] = YELLOW, [RULE_FAILED] = RED,
        };
        struct roster_row *row = roster_add(r);

        row->rule = rule;
        row->state = rule_state_names[state];
        row->colour = colours[state];
        return row;
}

void roster_device(const struct roster *r, struct roster_row *row, const struct facts *facts,
                   const struct pci_name *names, size_t device)
{
        static const struct pci_name none = {"", ""};
        const struct device *d = &facts->devices[device];

        row->address = domain_less(r->one_domain, d->address);
        row->kind = device_kind(d);
        row->cell = model_cell(r->arena, facts, device, names ? &names[device] : &none);
        row->driver = d->driver_now ? d->driver_now : "";
}

void roster_along(const struct roster *r, struct roster_row *row, const struct facts *facts, size_t device, size_t with)
{
        if (row->n_along < ALONG_MOST)
                row->along = arena_join(r->arena, row->along ? row->along : "with ", row->along ? "; " : "",
                                        domain_less(r->one_domain, facts->devices[device].address),
                                        beside_word(facts, device, with), NULL);
        row->n_along++;
}

/* ---- summing up ----------------------------------------------------------------------------------------------------
 */

static bool same_texts(const struct strings *a, const struct strings *b)
{
        for (size_t i = 0; a->n == b->n && i < a->n; i++)
                if (!streq(a->v[i], b->v[i]))
                        return false;
        return a->n == b->n;
}

static bool alike(const struct roster_row *a, const struct roster_row *b)
{
        return a->address && b->address && !b->rule && a->bad == b->bad && a->n_along == b->n_along &&
               streq(a->kind, b->kind) && streq(a->driver, b->driver) && streq(a->last, b->last) &&
               same_texts(&a->below, &b->below);
}

/* The row stands for another, too. */
static void absorb(const struct roster *r, struct roster_row *row, const struct roster_row *other)
{
        row->n_alike++;
        row->at_us = MAX(row->at_us, other->at_us);
        row->cell.nodes = "";
        if (!streq(row->cell.model, other->cell.model))
                row->cell.model = row->cell.bare = row->kind;
        for (size_t i = 0; i < other->beneath.n; i++)
                strings_add(r->arena, &row->beneath, other->beneath.v[i]);
}

/* How many rows the rule has whose first is at `first`. */
static size_t rows_of(const struct roster *r, size_t first)
{
        size_t n = 1;

        while (first + n < r->n && !r->rows[first + n].rule)
                n++;
        return n;
}

/* What is said beneath a rule stays behind its last row. */
static void sum_up_rule(struct roster *r, size_t first, size_t n, size_t *to)
{
        struct strings beneath = r->rows[first + n - 1].beneath;
        bool *gone = arena_alloc(r->arena, n * sizeof(*gone));
        size_t begin = *to;

        r->rows[first + n - 1].beneath = (struct strings){};
        for (size_t i = 0; i < n; i++) {
                struct roster_row *row = &r->rows[first + i];
                size_t n_alike = 0;

                if (gone[i])
                        continue;
                for (size_t k = i + 1; k < n; k++)
                        n_alike += !gone[k] && alike(row, &r->rows[first + k]);
                for (size_t k = i + 1; n_alike + 1 >= ALIKE_LEAST && k < n; k++)
                        if (!gone[k] && alike(row, &r->rows[first + k])) {
                                absorb(r, row, &r->rows[first + k]);
                                gone[k] = true;
                        }
                if (row->n_alike > 0 && row->n_along > 0)
                        row->along = arena_printf(r->arena, "with %zu that go along", row->n_along * (n_alike + 1));
                r->rows[(*to)++] = *row;
        }
        r->rows[*to - 1].beneath = beneath;
        /* Alone, it needs no mark to be told from others. */
        if (*to == begin + 1)
                r->rows[begin].bad = false;
}

static void sum_up_rows(struct roster *r)
{
        size_t to = 0;

        for (size_t first = 0, n; first < r->n; first += n) {
                n = rows_of(r, first);
                sum_up_rule(r, first, n, &to);
        }
        r->n = to;
}

static void drop(struct strings *list, const char *text)
{
        size_t to = 0;

        for (size_t i = 0; i < list->n; i++)
                if (!streq(list->v[i], text))
                        list->v[to++] = list->v[i];
        list->n = to;
}

static bool has(const struct roster_row *row, const char *text)
{
        return streq_ptr(row->text, text) || str_index(text, row->below.v, row->below.n) >= 0;
}

/* Said in several rows of one rule: once, in front of what is beneath it. */
static void sum_up_within(struct roster *r, size_t first, size_t n, const char *text)
{
        struct strings beneath = {};
        size_t rows = 0;

        for (size_t i = first; i < first + n; i++)
                rows += str_index(text, r->rows[i].below.v, r->rows[i].below.n) >= 0;
        if (rows < 2)
                return;
        for (size_t i = first; i < first + n; i++)
                drop(&r->rows[i].below, text);
        strings_add(r->arena, &beneath, text);
        for (size_t i = 0; i < r->rows[first + n - 1].beneath.n; i++)
                strings_add(r->arena, &beneath, r->rows[first + n - 1].beneath.v[i]);
        r->rows[first + n - 1].beneath = beneath;
}

/* The rules that have that text, and how many these are. */
static const char *rules_of(const struct roster *r, const char *text, size_t *ret_n)
{
        const char *names = "", *rule = "", *last = NULL;

        *ret_n = 0;
        for (size_t i = 0; i < r->n; i++) {
                rule = r->rows[i].rule ? r->rows[i].rule : rule;
                if (!has(&r->rows[i], text) || rule == last)
                        continue;
                if ((*ret_n)++ < NAMED_MOST)
                        names = arena_join(r->arena, names, *names ? ", " : "", rule, NULL);
                last = rule;
        }
        return *ret_n > NAMED_MOST ? arena_printf(r->arena, "%s and %zu more", names, *ret_n - NAMED_MOST) : names;
}

/* Whether that was so: several rules have the text, and now none has. */
static bool sum_up_text(struct roster *r, const char *text)
{
        size_t n;
        const char *rules = rules_of(r, text, &n);

        if (n < 2)
                return false;
        *(struct roster_note *)arena_grow(r->arena, &r->notes, r->n_notes, sizeof(*r->notes)) =
                (struct roster_note){rules, text};
        r->n_notes++;
        for (size_t i = 0; i < r->n; i++) {
                drop(&r->rows[i].below, text);
                if (streq_ptr(r->rows[i].text, text))
                        r->rows[i].text = NULL;
        }
        return true;
}

/* A rule whose text has gone begins with its first device. */
static void close_gaps(struct roster *r)
{
        size_t to = 0;

        for (size_t i = 0; i < r->n; i++) {
                struct roster_row *row = &r->rows[i];

                if (row->rule && !row->address && !row->text && i + 1 < r->n && !row[1].rule) {
                        row[1].rule = row->rule;
                        row[1].state = row->state;
                        row[1].colour = row->colour;
                        continue;
                }
                r->rows[to++] = *row;
        }
        r->n = to;
}

static void sum_up_texts(struct roster *r)
{
        for (size_t i = 0; i < r->n; i++) {
                if (r->rows[i].text)
                        sum_up_text(r, r->rows[i].text);
                for (size_t k = 0; k < r->rows[i].below.n;)
                        k += !sum_up_text(r, r->rows[i].below.v[k]);
        }
        for (size_t first = 0, n; first < r->n; first += n) {
                n = rows_of(r, first);
                for (size_t i = first; i < first + n; i++)
                        for (size_t k = r->rows[i].below.n; k-- > 0;)
                                sum_up_within(r, first, n, r->rows[i].below.v[k]);
        }
        close_gaps(r);
}

void roster_sum_up(struct roster *r)
{
        for (size_t i = 0; i < r->n; i++)
                if (r->rows[i].n_along > ALONG_MOST)
                        r->rows[i].along = arena_printf(r->arena, "%s; and %zu more", r->rows[i].along,
                                                        r->rows[i].n_along - ALONG_MOST);
        sum_up_rows(r);
        sum_up_texts(r);
}
