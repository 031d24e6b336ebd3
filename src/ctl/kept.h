/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Copies of files of the config that a command takes away or changes. */

#include "ctl/ctl.h"

#define KEPT_DIR "/var/lib/passthrough/removed"

/* A directory for copies that is free: NAME.1, NAME.2, ... 0 or -errno: also what cannot be told fails, as a copy
 * would. */
int kept_choose(struct ctl *c, const char *name, const char **ret) _must_check_;
