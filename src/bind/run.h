/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/root.h"
#include "config/rule.h"

/* 0, 1 where a rule is not satisfied (the journal has why), or -errno. */
int run_stage(const struct root *root, enum stage stage) _must_check_;
/* Waits, in an initrd, until the root is there or ought to be; see rescue.c. 0 or -errno. */
int run_rescue(const struct root *root) _must_check_;
int run_rule(const struct root *root, const char *rule) _must_check_;
