/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What network configuration knows an interface by. */

#include "base/str.h"
#include "guard/graph.h"

enum netif_property {
        NETIF_NAME, /* those that udev has for it, too */
        NETIF_MAC,
        NETIF_PERMANENT_MAC,
        NETIF_DRIVER,
        NETIF_TYPE, /* "ether", "wlan" */
        NETIF_PATH, /* udev's ID_PATH */
        NETIF_KIND, /* NULL of hardware, which no pattern matches */
        NETIF_PROPERTY_MAX_,
};

struct netif {
        size_t node;
        const char *name;
        struct strings is[NETIF_PROPERTY_MAX_]; /* none: not known */
        bool ignored;                           /* NetworkManager is told by udev to leave it alone */
        bool newcomer;                          /* none that is here, and it may have any name but those that are */
};

/* All but lo. */
void netif_list(struct graph *g, struct netif **ret, size_t *ret_n);

/*
 * A hardware address in the kernel's spelling, of any that systemd.network(5) takes: "52:54:00:aa:00:01", with "-", or
 * "5254.00aa.0001". NULL: it is none.
 */
const char *netif_address(struct graph *g, const char *word);

enum answer { UNASKED, NEVER, MAYBE, SURELY };

/* Whether one of these patterns is what the interface has of a property; a "!" in front turns the answer round. */
enum answer netif_matches(struct graph *g, const struct netif *n, enum netif_property property, const char *patterns);
/* Whether a line of text has a name or an address of the interface, or a VLAN's name made of it. */
bool netif_named(const struct netif *n, const char *line);
