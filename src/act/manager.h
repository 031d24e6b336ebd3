/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* systemd, as it runs this host. */

#include "base/root.h"

/* The host is on its way down: systemctl(1), is-system-running. False where nobody says so. */
bool manager_is_stopping(const struct root *root);
