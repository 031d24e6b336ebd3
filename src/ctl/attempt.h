/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A trial: what apply would do is booted once, from an entry of its own, before it is done. See ctl/transaction.h. */

#include "ctl/transaction.h"

/*
 * What an earlier trial means for an apply: *ret_settled where there is nothing left to do, which is said. One of
 * another config goes.
 */
int attempt_look(struct transaction *x, bool *ret_settled) _must_check_;
/* Whether what the next boot does would change. */
bool attempt_needed(struct transaction *x);
/* What attempt_make() would return, as far as that shows without making it. */
int attempt_would_make(struct transaction *x) _must_check_;
/* The next boot tries it. */
int attempt_make(struct transaction *x) _must_check_;
/* What somebody has to know of a trial that is made, or would be; and, behind the next step, how it ends. */
void attempt_note(struct transaction *x);
void attempt_say(struct transaction *x);
/* Entry, image and record go; with why that it failed, and why, stays. */
int attempt_drop(struct transaction *x, const char *why) _must_check_;
/* The loader is told not to boot it, and its menu has it no longer. */
int attempt_clear(struct transaction *x) _must_check_;
/* How far it has come. */
int attempt_record(struct transaction *x, enum trial_state state) _must_check_;
