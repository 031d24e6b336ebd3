/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The switch of a device: its mode, and what of its forwarding the device does (devlink, ethtool netlink). */

#include "act/netlink.h"
#include "config/sriov.h"

/*
 * Where it is not so yet. device: "BUS/NAME", as devlink(8) has it. 0 or the kernel's own -errno; -EPROTO: the driver
 * took it, and has not changed it.
 */
int eswitch_set(struct netlink *n, const char *device, enum eswitch mode) _must_check_;

/* hw-tc-offload of an interface, on; -EPROTO likewise. */
int eswitch_offload(struct netlink *n, const char *interface) _must_check_;
