/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What there is, for people. */

#include "ctl/command.h"

void help_all(const struct command_table *t);
void help_one(const struct command_table *t, const struct command *command);
/* The state of this host, and the commands to begin with; the exit status, always 0. */
int help_state(struct ctl *c);
