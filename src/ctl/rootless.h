/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Somebody who is not root: what they may not do, and which facts they do not see. */

#include "ctl/command.h"
#include "ctl/seen.h"

/* Whether the command changes this host, and only root may: 0, or the exit status after having said so. */
int rootless_check(struct ctl *c, const struct command *command) _must_check_;

/* Notes what is denied, from here on to the end; both do nothing for root, and on another machine than this one. */
void rootless_begin(struct ctl *c, struct seen *s);
/* Says on standard error which facts a command that shows them has had to do without. */
void rootless_end(struct ctl *c, const struct command *command, struct seen *s);
