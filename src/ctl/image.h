/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a boot image carries, by the config and the plan of its payload, which stand in c. */

#include "ctl/ctl.h"
#include "maker/payload.h"

/* Writes it; quiet: others say what is left out. 0 or -errno. */
int image_fill(struct ctl *c, const struct root *image, const struct payload *payload, bool quiet) _must_check_;
/* Kernel modules that it needs, unless they are built in. */
struct strings image_modules(struct ctl *c);
