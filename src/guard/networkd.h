/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/netconf.h"

/* Reads systemd-networkd's files. */
void networkd_read(struct netconf *d);
/* Uses what they have an interface for: by name in any case, by pattern where it runs. */
void networkd_declared(struct netconf *d);
/* Whether one of them has it left alone that comes before those which netplan writes. */
bool networkd_excludes(const struct netconf *d, const struct netif *n);
/* The command that makes one. */
const char *networkd_exclusion(struct graph *g, const struct netif *n);
