/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/netconf.h"

/* Uses what systemd-networkd's files have an interface for: by name in any case, by pattern where it runs. */
void networkd_declared(struct netconf *d);
