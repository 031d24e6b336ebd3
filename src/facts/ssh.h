/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/root.h"

/* Whether somebody works here through SSH, as far as this process's environment and ancestors tell. */
bool ssh_in_use(const struct root *root);
