/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guard/netconf.h"

/* Uses what ConnMan manages where it runs, because no entry of its list says that it must not. */
void connman_declared(struct netconf *d);
