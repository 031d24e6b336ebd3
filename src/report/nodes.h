/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* From what the record says a rule has to its nodes and links: see act/nodes.h. On the host, never in an initrd. */

#include "state/record.h"

/*
 * The plan is of the host as it is, from facts with identities. What goes wrong is told in problems. 0, 1 where
 * something did.
 */
int nodes_settle(const struct root *root, struct arena *a, const struct plan *plan, const struct record *record,
                 const char *rule, struct diags *problems) _must_check_;
