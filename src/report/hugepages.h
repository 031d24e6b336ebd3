/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What became of huge pages, in the record and in the journal. */

#include "act/pools.h"
#include "report/log.h"
#include "state/record.h"

/* What the record has of an entry, or NULL. */
const struct record_pool *record_pool_find(const struct record *record, const struct huge_entry *e);

/*
 * Takes over a plan that was carried out in a stage, "initrd" or "host": in place of the pools that the record has. Of
 * an entry that was skipped it keeps what it has.
 */
void record_merge_pools(struct record *record, struct arena *a, const struct huge_plan *plan,
                        const struct huge_result *results, const char *stage);

/* The journal's line about a pool. */
void log_pool(const struct root *root, const struct record_pool *pool);
