/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Settings of virtual functions, which go through their parent's interface (rtnetlink(7), IFLA_VFINFO_LIST). */

#include "plan/sriov.h"

struct mnl_socket;

/* 0 or -errno. */
int netlink_open(struct mnl_socket **ret) _must_check_;
void netlink_close(struct mnl_socket **socket);
/* One setting of one function, or, without an index, the interface is brought up. 0 or the kernel's own -errno. */
int netlink_set(struct mnl_socket *socket, const struct sriov_op *op) _must_check_;
