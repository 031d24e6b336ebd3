/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* apply, undo and confirm: one at a time, under the journal's lock. What returns int returns 0 or the exit status. */

#include "ctl/ctl.h"
#include "ctl/images.h"
#include "loader/write.h"
#include "state/trial.h"

struct apply {
        struct ctl *c;
        struct journal journal;
        struct needs needs;
        struct boot_facts facts;
        struct boot_plan plan;
        struct boot_owned owned;
        bool left; /* of what was taken back something is not as it was, which was said */
        bool line; /* something is to be done about the command line */
        struct images images;
        const struct undo *undo;
        uint64_t config;    /* digest_of_config() of it */
        struct trial trial; /* as it is on this host */
};

#define APPLY_INIT(ctl)                                                                                                \
        {                                                                                                              \
                .c = (ctl), .journal = {.lock = -1 }                                                                   \
        }

/* ---- undo.c */
void apply_close(struct apply *p);
int apply_open(struct apply *p) _must_check_;
int apply_detect(struct apply *p) _must_check_;
/* A program of this host, said before it is run; of another it is said that it has to be run there. */
int apply_run(struct ctl *c, const char *line) _must_check_;
/* by_hand: of all that came since, too. */
int apply_take_back(struct apply *p, const struct undo *u, bool by_hand) _must_check_;

/* ---- apply.c */
int apply_load(struct apply *p) _must_check_;
/* What is to be done; it is said where nothing can be. */
int apply_prepare(struct apply *p) _must_check_;
/* All of it, or none. */
int apply_carry_out(struct apply *p) _must_check_;

/* ---- trial.c */
/*
 * What an earlier trial means for an apply: *ret_settled where there is nothing left to do, which is said. One of
 * another config goes.
 */
int trial_look(struct apply *p, bool *ret_settled) _must_check_;
/* Whether what the next boot does would change. */
bool trial_needed(struct apply *p);
/* The next boot tries it. */
int trial_make(struct apply *p) _must_check_;
/* Entry, image and record go; with why that it failed, and why, stays. */
int trial_drop(struct apply *p, const char *why) _must_check_;
