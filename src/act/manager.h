/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* systemd, as it runs this host. */

#include "base/root.h"

enum manager_state {
        MANAGER_UNKNOWN,
        MANAGER_STARTING,
        MANAGER_UP,
        MANAGER_STOPPING,
};

/* How far the host is: systemctl(1), is-system-running. A root that is not live is up. */
enum manager_state manager_state(const struct root *root);
