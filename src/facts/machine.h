/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/root.h"
#include "cmdline/cmdline.h"

/* What of this machine a kernel command line is judged for; what does not show stays unknown. */
void machine_read(const struct root *root, struct arena *a, struct cmdline_machine *ret);
