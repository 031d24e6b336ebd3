/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Settings of virtual functions, which go through their parent's interface (rtnetlink(7), IFLA_VFINFO_LIST). */

#include "act/netlink.h"
#include "plan/sriov.h"

/* One setting of one function, or SRIOV_NET_UP. 0 or the kernel's own -errno. */
int vf_set(struct netlink *n, const struct sriov_op *op) _must_check_;

/*
 * Whether each is as it was set: some drivers take what they do not do. ret: beside ops; UNKNOWN: it is no setting, or
 * the driver does not tell. One message, however many there are.
 */
void vf_read_back(struct netlink *n, const char *interface, const struct sriov_op *ops, size_t n_ops,
                  enum tristate *ret);
