/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/netconf.h"

/* Uses what dhcpcd's file names, and where its service runs, all that the file does not deny. */
void dhcpcd_declared(struct netconf *d);
