/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a rule has, by the record: who may open its nodes, and the names of its links. On the host, never in an initrd.
 */

#include "act/nodes.h"
#include "plan/plan.h"
#include "state/record.h"

/*
 * The plan is of the host as it is, from facts with identities. A new number of a device is written down; what goes
 * wrong is told in problems.
 */
struct nodes links_find(const struct root *root, struct arena *a, const struct plan *plan, const struct record *record,
                        const char *rule, struct diags *problems);
