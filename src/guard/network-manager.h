/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/netconf.h"

/* Uses what NetworkManager manages where it runs, because nothing says that it must not. */
void network_manager_declared(struct netconf *d);
