/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine.h"

/* What was counted, so that a run shows that it asked something. */
struct tally {
        uint64_t trees, failed, kept;
        uint64_t needed, unknown, free_bound, refused, chains;
        uint64_t shapes, shapes_failed, known;
        uint64_t seen[60]; /* machines that have each of the features */
};

extern const char *const verdict_names[];
/* What is wrong is known: it is not printed. */
extern bool verdicts_quiet;

/* What the machine is, for a human. */
void verdicts_show(const struct machine *m);
/* Which shape a function is part of. */
void verdicts_shaped(const struct machine *m, int function);
/* Prints what is wrong with a plan, and returns how much. */
unsigned verdicts_compare(const struct machine *m, const char *json, int status, struct tally *tally);
void tally_features(const struct machine *m, struct tally *tally);
void tally_add(struct tally *to, const struct tally *from);
/* 1 where something failed, or was never asked. */
int tally_report(const struct tally *t, uint64_t seed, uint64_t n);
