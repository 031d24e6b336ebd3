/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The lines that the kernel gets once apply is done, judged with what is known of this machine. */

#include "check/checks.h"
#include "ctl/ctl.h"
#include "loader/loader.h"

/* What the lines of the plan have that apply refuses. machine: of guard_vital(); facts: of the host as it boots now. */
void lines_judge(struct ctl *c, const struct boot_plan *plan, const struct needs *needs,
                 const struct cmdline_machine *machine, struct refused_tokens *ret);
/* The same, of what an apply would do now; nothing where that cannot be told. Needs the facts of the plan. */
void lines_judge_next(struct ctl *c, const struct needs *needs, struct refused_tokens *ret);
/* A line for each, on standard error. */
void lines_say(const struct refused_tokens *refused);
/* A note for each warning of a token that passthrough.conf has. */
void lines_tell_doubts(struct ctl *c, const struct refused_tokens *refused);
