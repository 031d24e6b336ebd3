/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a plan had and what came of it, taken over into the record. */

#include "act/pools.h"
#include "state/record.h"

/*
 * The entries that are chosen and bound begin: each result is STATE_BEGUN, and the way back of one that an earlier run
 * has left taken or begun is that run's, who knows how the device was found. Then comes one of the merges below, and
 * the record is written, before anything is carried out.
 */
void record_begin(const struct record *record, struct plan *plan, const bool *chosen, struct result *results);
/*
 * They have ended: what came of them goes into the record and to what, for record_append(). Those that were not come to
 * have no state.
 */
void record_end(struct record *record, struct arena *a, const struct plan *plan, const bool *chosen,
                struct result *results, struct record *what);

/* What the record is to say of a rule, and of an entry. */
void record_rule_of(const struct plan *plan, size_t rule, struct record_rule *ret);
struct record_device record_device_of(const struct plan *plan, size_t entry, const struct result *result);

/*
 * Takes over a plan, of which stage was carried out: what the record has of its rules is replaced, unless a device
 * there is bound or late already. With rule not NULL, only that rule. Returns how many of the operations there are from
 * before; the plan's are behind them.
 */
size_t record_merge(struct record *record, struct arena *a, const struct plan *plan, const struct result *results,
                    enum stage stage, const char *rule);

/*
 * The same for the entries that are chosen, around a device that came later: what was at its address before is
 * forgotten. A rule that is satisfied without it stays that.
 */
void record_merge_chosen(struct record *record, struct arena *a, const struct plan *plan, const struct result *results,
                         const bool *chosen, size_t entry);
/* It is taken: what its rule had and is gone is forgotten, too. */
void record_arrived(struct record *record, struct arena *a, const struct plan *plan, size_t entry);

/* What the record is to say of a device that was to be given back. */
struct record_device record_released(const struct device *d, const char *rule, const struct result *result);

/*
 * A device of a rule was given back by hand, and now has a driver of the host or (NULL) none. The rule is skipped from
 * then on, until it is bound by hand or the next boot.
 */
void record_release(struct record *record, struct arena *a, const struct plan *plan, const char *rule, size_t device,
                    const struct result *result);

/*
 * Of a rule of which no boot takes anything: what it does not hold is forgotten, and the rule with it where it holds
 * nothing.
 */
void record_forget(struct record *record, struct arena *a, const char *rule);

/* What the record has of an entry, or NULL. */
const struct record_pool *record_find_pool(const struct record *record, const struct huge_entry *e);
/* Takes over huge pages of a stage. What the record has of an entry that was skipped stays. */
void record_merge_pools(struct record *record, struct arena *a, const struct huge_plan *plan,
                        const struct huge_result *results, enum stage stage);
