/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What was given to a rule, and the way back of it: for who gives it back by hand, and for a service that stops. */

#include "state/record.h"

/* A device that a rule has, or may have, given this driver. */
struct given {
        size_t device; /* in the plan's facts */
        const char *rule, *driver;
};

struct givens {
        struct given *v;
        size_t n;
};

/* The record's places of what a rule holds, and is there; what goes along with another comes back with that one. */
void given_by_record(const struct record *record, const struct facts *facts, const char *rule, struct arena *a,
                     struct givens *ret);

/* As it was recorded when the device was taken; nobody may have, see ops.h. */
struct ops given_way_back(const struct record *record, const struct facts *facts, struct arena *a,
                          const struct given *g);

/* A driver of the host that has it has been given it, unless ours was on its way. */
bool given_is_ours(const struct record *record, const struct facts *facts, const struct given *g);
