/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a command that changes something says: rows, sentences, and at its end the next step. See report/form.h. */

#include "ctl/ctl.h"
#include "report/form.h"
#include "report/next.h"

void tell_row(struct ctl *c, const char *label, const char *text);
void tell_say(struct ctl *c, const char *text);
/* Worth knowing, and no fault. */
void tell_note(struct ctl *c, const char *text);

/* What takes its time. */
struct telling {
        size_t at;
        uint64_t since_us;
};
struct telling tell_begin(struct ctl *c, const char *label, const char *text) _must_check_;
/* "built in 31 s", or with more behind it; said NULL: it took that long, no more. */
void tell_end(struct ctl *c, const struct telling *t, const char *said, const char *more);

/* All that a program said which has failed, on standard error. */
void tell_output(const char *said);

/* A row for each rule: what the next boot hands over, or that it does not. Facts are gathered; nothing is said if they
 * cannot be. */
void tell_handovers(struct ctl *c);
/* A next step that the state does not tell: a command, without "passthroughctl", and what it does. */
void tell_step(struct ctl *c, const char *command, const char *why);
