/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a kernel command line must leave to the host, for cmdline_judge(). */

#include "cmdline/cmdline.h"
#include "guard/evidence.h"

/*
 * The modules that drive what the host boots from, what it answers on and where passphrases are typed; what they and
 * VFIO's own depend on; and the disks, by their names. Needs facts that were gathered with use.
 */
void guard_vital(const struct root *root, struct arena *a, const struct facts *facts, struct cmdline_machine *ret);
