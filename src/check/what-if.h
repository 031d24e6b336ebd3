/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What check advises, tried: the plan is made anew with the config as it would be then. Pure. */

#include "check/row.h"

/*
 * The settings of [Device] with which a rule that is refused would be ok, and no other rule that is ok now would not:
 * "IOMMUGroup=complete". NULL: there are none.
 */
const char *what_if_settings(struct checker *c, size_t rule);
/* Whether a rule of its own for that device would have this one ok. */
bool what_if_added(struct checker *c, size_t rule, size_t device);
/* Whether the rule would be ok if an earlier one left to the host what the host needs of it. */
bool what_if_left(struct checker *c, size_t rule);
