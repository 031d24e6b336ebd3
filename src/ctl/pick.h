/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* add without arguments, at a terminal: a numbered list of what is free, and a name. */

#include "ctl/ctl.h"

/* 0 with the arguments of add in place, or the exit status. */
int pick_arguments(struct ctl *c) _must_check_;
