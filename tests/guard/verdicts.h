/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine.h"

/* What was counted, so that a run shows that it asked something. */
struct tally {
        uint64_t trees, failed, kept;
        uint64_t needed, unknown, free_bound, refused, chains;
        uint64_t shapes, shapes_failed, known;
        uint64_t taken[4]; /* free ones, in the moments that follow */
        uint64_t plugs_needed, plugs_unknown, plugs_taken, ports_needed, ports_unknown, ports_taken;
        uint64_t claimed[3];  /* USB devices: by an image, on the way up and on the host */
        uint64_t asked_by[4]; /* of those that a rule means: by ID, socket, serial number; twins that are too many */
        uint64_t counts_planned, counts_changed, counts_kept;
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
/* The same of another moment: nothing is taken (in that stage, or NULL: in any) that the plan may not take. */
unsigned verdicts_taken(const struct machine *m, const char *json, const char *moment, const char *stage,
                        uint64_t *taken);
#define NO_FUNCTION ((unsigned)NONE)
unsigned verdicts_wrong(const struct machine *m, unsigned function, const char *what, const char *more);

enum moment { BOOT, HOTPLUG, POOR_BOOT, NO_MOMENT }; /* poor: with an image of a moment without network */

/* moments.c: how much is wrong in what follows that plan. */
unsigned moments(const struct machine *m, enum moment moment, struct tally *tally);
/* An image for this machine, in ../image. Whether it could be built. */
bool moments_image(void);
/* What is not there stays so. */
void moments_move(const char *from, const char *to);
/* Nothing has a driver yet, and no disk, interface or keyboard shows; back: they show again. */
void moments_hide(const struct machine *m, bool back);

/*
 * virtual.c: whether a plan makes another number of virtual functions where that would take something from the host;
 * and whether the program that makes them does, for each rule. What that changed stays changed.
 */
unsigned virtual_planned(const struct machine *m, const char *json, struct tally *tally);
unsigned virtual_made(const struct machine *m, struct tally *tally);
bool virtual_asked(const struct machine *m);

/*
 * plans.c: the same of rules for USB and for serial ports; and whether it is another plan for functions, that one, when
 * such a rule is there that matches nothing.
 */
unsigned plugged(const struct machine *m, const char *json, struct tally *tally);

/* trees.c: a program's output for the tree in the working directory. */
enum program { PASSTHROUGHCTL, PASSTHROUGH_BIND, PASSTHROUGH_SRIOV, PASSTHROUGH_DEMAND, PROGRAM_MAX_ };
char *run_program(enum program which, const char *const arguments[], int *ret_status);

void remove_tree(int at, const char *name);

void tally_features(const struct machine *m, struct tally *tally);
void tally_add(struct tally *to, const struct tally *from);
/* 1 where something failed, or was never asked. */
int tally_report(const struct tally *t, uint64_t seed, uint64_t n);
