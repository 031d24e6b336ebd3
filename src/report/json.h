/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The JSON documents of passthroughctl(8), format 1. Each prints one whole document; 0 or -ENOMEM. */

#include "check/check.h"
#include "cmdline/cmdline.h"
#include "plan/needs.h"
#include "report/show.h"
#include "report/status.h"

int json_plan(FILE *f, const struct plan *plan) _must_check_;
int json_status(FILE *f, const struct status *status) _must_check_;
int json_list(FILE *f, const struct listing *list) _must_check_;
int json_show(FILE *f, const struct shown *shown) _must_check_;
int json_checks(FILE *f, const struct checks *checks) _must_check_;
int json_findings(FILE *f, const struct findings *findings) _must_check_;
int json_needs(FILE *f, const struct needs *needs) _must_check_;
