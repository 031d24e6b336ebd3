/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Rules, and below each of them its devices, as rows: what plan and status show. */

#include <stdint.h>

#include "base/str.h"
#include "plan/plan.h"
#include "report/cell.h"
#include "report/model.h"

#define ROSTER_STAYS "stays" /* in the last column: the host keeps it */

struct roster_row {
        const char *rule, *state; /* of a rule's first row; else NULL */
        enum colour colour;       /* of the state */
        bool bad;                 /* marked: it stands against its rule */

        /* A device; or, where address is NULL, a text in its place. */
        const char *address, *kind;
        struct cell_device cell;
        const char *driver, *last; /* "" for none */
        uint64_t at_us;            /* in place of last, or 0 */
        size_t n_alike;            /* how many more it stands for */
        const char *text;

        const char *along;      /* what comes with it, or NULL */
        size_t n_along;         /* how many these are */
        struct strings below;   /* of the device, each a line */
        struct strings beneath; /* of the rule, behind its last row */
};

/* What many rules share: said once, behind their names. */
struct roster_note {
        const char *rules, *text;
};

struct roster {
        struct arena *arena;
        bool one_domain;
        const char *last; /* heading of the last column */
        struct roster_row *rows;
        size_t n;
        struct roster_note *notes;
        size_t n_notes;
};

/* The next row. It may move with the one after it. */
struct roster_row *roster_add(struct roster *r) _must_check_;
/* A rule's first. */
struct roster_row *roster_add_rule(struct roster *r, const char *rule, enum rule_state state) _must_check_;
/* The device into the row; names (or NULL: not looked up) are beside the devices of facts. */
void roster_device(const struct roster *r, struct roster_row *row, const struct facts *facts,
                   const struct pci_name *names, size_t device);
/* "with 01:00.1, its audio" of one more that comes with the row's device. */
void roster_along(const struct roster *r, struct roster_row *row, const struct facts *facts, size_t device,
                  size_t with);
/* One row for several alike of a rule, and one line for what several rules share. Behind the last roster_add(). */
void roster_sum_up(struct roster *r);
void roster_put(const struct screen *s, const struct roster *r);
