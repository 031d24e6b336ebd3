/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/ctl.h"

/*
 * For bind: where the command's argument is a rule with [SR-IOV], its virtual functions are made first, by
 * passthrough-sriov, which has the libraries for it. 0, or the exit status after which there is nothing to bind.
 */
int make_functions(struct ctl *c) _must_check_;
/* For release, once they are given back: they go away, unless somebody uses one. 0, or the exit status. */
int make_functions_gone(struct ctl *c) _must_check_;
