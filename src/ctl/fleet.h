/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* plan --against= of many captured machines. */

#include "ctl/ctl.h"

/* What the config of c, which is loaded, comes to on each; the exit status. */
int fleet_plan(struct ctl *c, const struct strings *dirs) _must_check_;
