/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Asks the kernel through netlink(7), one message after the other; with libmnl, which no boot image has. */

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "base/arena.h"

struct netlink {
        struct mnl_socket *socket; /* NULL: not open */
        uint32_t sequence;
        char said[160]; /* the driver's own words on the last error, or "" (NLMSGERR_ATTR_MSG) */
};

/* bus: NETLINK_ROUTE, NETLINK_GENERIC. 0 or -errno, as all that follow. */
int netlink_open(int bus, struct netlink *ret) _must_check_;
void netlink_close(struct netlink *n);

/* A message in buffer, which is to be finished and given to netlink_ask(). */
struct nlmsghdr *netlink_message(struct netlink *n, void *buffer, uint16_t type);
/* Sends it, and gives each answer to each (NULL: none is wanted). The kernel's own -errno. */
int netlink_ask(struct netlink *n, const struct nlmsghdr *h, mnl_cb_t each, void *data) _must_check_;

/* The number of a family of generic netlink, in *ret; -ENOENT: this kernel has none of that name. */
int netlink_family(struct netlink *n, const char *name, uint16_t *ret) _must_check_;
/* A message of such a family. */
struct nlmsghdr *netlink_generic(struct netlink *n, void *buffer, uint16_t family, uint8_t command);
