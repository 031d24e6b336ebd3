/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What add shows of a rule that is not written yet: its devices, and why it is not. */

#include "report/listing.h"

struct draft_row {
        const char *address, *device; /* as list has them: "05:00.0", "Realtek RTL8125, enp5s0" */
        const char *bare;             /* the device without who made it */
        const char *text; /* "r8169 → vfio-pci", "comes along: its audio"; "" where nothing is to be said */
};

/* Those the rule speaks of, whatever the plan has for them: first what it names, each with what comes along. */
struct draft_rows {
        struct draft_row *v;
        size_t n;
};

/* Of the list, plan, names and one_domain are needed. */
struct draft_rows draft_rows_of(const struct listing *list, struct arena *a, size_t rule) _must_check_;
void draft_rows_put(const struct screen *s, const struct draft_rows *rows);

/*
 * The plan's reason against a rule, as it is said below its rows, without what a question or the next step says; and
 * whom it is about, unless that is the only device that the rule names.
 */
struct draft_reason {
        const char *address; /* or NULL */
        const char *text;
};

struct draft_reason draft_reason(const struct listing *list, struct arena *a, size_t rule) _must_check_;
