/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/netconf.h"

/* Reads what NetworkManager is told to leave alone, where it runs. */
void network_manager_read(struct netconf *d);
/* Uses what it manages, because nothing says that it must not. */
void network_manager_declared(struct netconf *d);
/* Whether it does not run, or is told to leave the interface alone. */
bool network_manager_excludes(const struct netconf *d, const struct netif *n);
/* The command that tells it. */
const char *network_manager_exclusion(struct graph *g, const struct netif *n);
