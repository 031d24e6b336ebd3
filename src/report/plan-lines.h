/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the plan makes of each rule and its devices, as rows. */

#include "plan/plan.h"
#include "report/roster.h"

/* names: beside the devices of the plan's facts, or NULL; worked: of state/worked.h, or NULL. */
struct roster plan_lines(const struct plan *plan, const struct pci_name *names, const char *const *worked,
                         struct arena *a) _must_check_;
/* One rule of it. */
struct roster plan_lines_of(const struct plan *plan, size_t rule, const struct pci_name *names,
                            struct arena *a) _must_check_;
/* "no device here has ID=1d94:0001": of a rule that matches none. */
const char *plan_lines_none(struct arena *a, const struct rule *rule) _must_check_;
/* Why a rule is missing: the message of the plan, or of a record of it, in other words where it has no device. */
const char *plan_lines_missing(struct arena *a, const struct rule *rule, const struct reason *why) _must_check_;
/* The reason for a device, as it stands in its row: without its own address. */
const char *plan_lines_reason(struct arena *a, bool one_domain, const char *address,
                              const struct reason *why) _must_check_;
