/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "check/checks.h"
#include "ctl/ctl.h"

/* What the checks of this plan are judged by, from the rooms that know. 0 or -errno. */
int ctl_readiness(struct ctl *c, struct check_facts *ret) _must_check_;
