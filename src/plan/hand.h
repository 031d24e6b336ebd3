/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Work by hand on a running host: which part of a plan is meant, and what stands against giving a device back. Pure. */

#include "plan/plan.h"

/*
 * By position in entries: those of the rule, with what they are below and what is below them, or of the entry and all
 * that it cannot go without: what it comes with, what comes with it, and what shares its IOMMU group. One of rule and
 * entry is NO_ENTRY.
 */
void plan_choose(const struct plan *plan, struct arena *a, size_t rule, size_t entry, bool **ret);

/* The plan with the operations for those entries alone, also those that no boot has. */
void plan_reduce(const struct plan *plan, struct arena *a, const bool *chosen, struct plan *ret);

/* *ret: why a device that has this driver must not be given back now, or NULL. */
void plan_release_refused(const struct plan *plan, struct arena *a, size_t device, const char *driver,
                          const char **ret);
