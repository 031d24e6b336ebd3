/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The state that the next step is derived from. */

#include "ctl/ctl.h"
#include "report/next.h"

/* Of a config that is loaded and planned. */
void situation_read(struct ctl *c, struct situation *ret);
/* How far the rules are on their way into the next boot; waits: some are not in effect yet. */
enum way situation_way(struct ctl *c, bool waits) _must_check_;
