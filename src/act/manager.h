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

/* What passthrough-generator writes for the service of a rule of Stage=demand, below passthrough@RULE.service.d. */
#define MANAGER_DEMAND "50-passthrough-demand.conf"

/* Whether it was written for the rule: else the service's stop gives nothing back before a daemon-reload. */
bool manager_has_demand(const struct root *root, struct arena *a, const char *rule);

/* How far the host is: systemctl(1), is-system-running. A root that is not live is up. */
enum manager_state manager_state(const struct root *root);
