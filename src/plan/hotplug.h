/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Devices that appear once the host is up: which of them are worth a process. Pure. */

#include "base/str.h"
#include "plan/plan.h"

#define HOTPLUG_RULES "/run/udev/rules.d/71-passthrough-hotplug.rules"

/*
 * udev rules that start passthrough-hotplug@ADDRESS.service for what a rule of the plan may match, and nothing for what
 * none can; NULL where no rule would take anything. buses: NULL behind the last; left_out (by position in
 * config->rules): rules that this boot does not have.
 */
const char *hotplug_rules(const struct plan *plan, const struct bus_source *const *buses, const bool *left_out,
                          struct arena *a);
/* The modules of such rules that are to be loaded beforehand: udev has no options for them, see driver_options(). */
struct strings hotplug_modules(const struct plan *plan, const bool *left_out, struct arena *a) _must_check_;
