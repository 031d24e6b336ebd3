/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A change of how the host boots: one at a time, under the journal's lock, all of it or none. What apply, undo, confirm
 * and trial share. What returns int returns 0 or the exit status, after having said what went wrong.
 */

#include "ctl/ctl.h"
#include "ctl/lines.h"
#include "ctl/rebuild.h"
#include "loader/write.h"
#include "state/journal.h"

struct transaction {
        struct ctl *c;
        struct journal journal;
        struct needs needs;
        struct boot_facts facts;
        struct boot_plan plan;
        struct owned owned;
        struct refused_tokens refused; /* with which nothing is written */
        struct rebuild images;
        const struct undo *undo;
        uint64_t config;       /* digest_of_config() of it */
        struct trial trial;    /* as it is on this host */
        struct boot_back back; /* of all that was taken back */
        bool changed;          /* this run has changed something, or would, in a dry run */
        bool left;             /* of what was taken back something is not as it was, which was said */
        bool line;             /* something is to be done about the command line */
        const char *asked;     /* why the next boot asks for a passphrase, where a sealed key tells that; or NULL */
        const char *stopped;   /* why nothing is written, where the plan has no problem; or NULL */
        bool reboot;           /* the next boot does, or tries, what this one does not */
};

#define TRANSACTION_INIT(ctl)                                                                                          \
        {                                                                                                              \
                .c = (ctl), .journal = {.lock = -1 }                                                                   \
        }

void transaction_close(struct transaction *x);
int transaction_open(struct transaction *x) _must_check_;
/* Whether there is a trial that may still be kept. */
bool transaction_has_trial(const struct transaction *x);
/* The config, and what it needs. */
int transaction_load(struct transaction *x) _must_check_;
/* How the host boots, as it is now. */
int transaction_detect(struct transaction *x) _must_check_;
/* The last apply, where it was cut short, is taken back, or that is announced. */
int transaction_finish_last(struct transaction *x) _must_check_;
/* What is to be done. */
int transaction_prepare(struct transaction *x) _must_check_;
/* All of it, or none. */
int transaction_carry_out(struct transaction *x) _must_check_;
/* by_hand: of all that came since, too. */
int transaction_take_back(struct transaction *x, const struct undo *u, bool by_hand) _must_check_;
/*
 * A program of this host, told in a row with that label; what it says is shown if it fails. Of another host it is told
 * that it has to be run there.
 */
int transaction_run(struct ctl *c, const char *label, const char *line) _must_check_;
