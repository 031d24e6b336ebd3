/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a rule has, by the record: who may open its nodes, and the names of its links. On the host, never in an initrd.
 */

#include "act/nodes.h"
#include "plan/plan.h"
#include "state/record.h"

/* Owner=, Group= and Mode= of the rule, into those of nodes. */
void links_access(const struct root *root, struct arena *a, const struct rule *rule, struct diags *problems,
                  struct nodes *nodes);

/*
 * The name of the entry's links, below their directories, or NULL: one that no number can be kept in mind for has none.
 * The facts are with identities. Nobody who waits for udev holds what this waits for.
 */
const char *links_name(const struct root *root, struct arena *a, const struct plan *plan, size_t entry,
                       struct diags *problems);

/* The same of a device that has its number already; nothing is written. */
const char *links_known(const struct root *root, struct arena *a, const struct plan *plan, size_t entry);

/*
 * The plan is of the host as it is, from facts with identities. A new number of a device is written down; what goes
 * wrong is told in problems.
 */
struct nodes links_find(const struct root *root, struct arena *a, const struct plan *plan, const struct record *record,
                        const char *rule, struct diags *problems);
