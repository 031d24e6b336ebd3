/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The state that the next step is derived from. */

#include "ctl/ctl.h"
#include "report/next.h"

/*
 * As it is at the end of a command: the config and what has become of it are looked at anew. Nothing of c changes but
 * its arena. The plan that c has is taken if it is of that config and of the next boot.
 */
void situation_read(struct ctl *c, struct situation *ret);
/* The line that ends a screen for people, on standard output. */
void situation_put(struct ctl *c, enum next_on on);
