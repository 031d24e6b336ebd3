/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/ctl.h"

/*
 * For bind: where the command's argument is a rule with [SR-IOV] or [VirtualGPU], its virtual functions and GPUs are
 * made first, by passthrough-sriov and passthrough-vgpu, which have the libraries for it. 0, or the exit status after
 * which there is nothing to bind.
 */
int make_functions(struct ctl *c) _must_check_;
/* For release, once they are given back: the functions go away, unless somebody uses one. 0, or the exit status. */
int make_functions_gone(struct ctl *c) _must_check_;
