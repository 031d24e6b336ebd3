/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces that have an address: somebody may be working through it. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/parts.h"
#include "guard/source.h"

/* For a captured machine: where the kernel's own file would be, if it had one. */
#define CAPTURED_ADDRESSES "/passthrough-addresses"

static bool has_carrier(struct graph *g, const char *name)
{
        char *path = arena_printf(g->arena, "/sys/class/net/%s/carrier", name), text[8];

        return root_read(g->root, path, text, sizeof(text)) <= 0 || !streq(text, "0");
}

static void has_address(struct graph *g, const char *name, const char *address)
{
        size_t node = guard_find(g, NODE_INTERFACE, name);

        if (node == NO_NODE || !g->evidence->nodes[node].up || !has_carrier(g, name))
                return;
        guard_use(g, node, "address %s", address);
}

/* Address in hex, index, prefix length, scope, flags, interface (net/ipv6/addrconf.c, if6_seq_show). */
static void addresses6(struct graph *g)
{
        const char *line, *end, *rest = guard_table(g, "/proc/net/if_inet6");

        for (; (line = guard_line(&rest, &end));) {
                char hex[33], name[IF_NAMESIZE], shown[INET6_ADDRSTRLEN];
                struct in6_addr address;
                unsigned scope, byte;

                /* Addresses of the link or of this machine alone do not count: every interface has the former. */
                if (sscanf(line, "%32s %*x %*x %x %*x %15s", hex, &scope, name) != 3 || scope == 0x20 || scope == 0x10)
                        continue;
                for (size_t i = 0; i < sizeof(address); i++)
                        address.s6_addr[i] = sscanf(hex + 2 * i, "%2x", &byte) == 1 ? (uint8_t)byte : 0;
                if (inet_ntop(AF_INET6, &address, shown, sizeof(shown)))
                        has_address(g, name, shown);
        }
}

/* INTERFACE ADDRESS, a line each. */
static void addresses4_captured(struct graph *g)
{
        const char **f, *rest = guard_table(g, CAPTURED_ADDRESSES);
        size_t n;

        for (; guard_fields(g->arena, &rest, &f, &n);)
                if (n == 2)
                        has_address(g, f[0], f[1]);
}

/* No file has IPv4 addresses by interface. Most show as routes all the same; one that is a /32 does not. */
static void addresses4(struct graph *g)
{
        struct ifaddrs *list;

        if (!g->root->live)
                return addresses4_captured(g);
        if (getifaddrs(&list) < 0) {
                guard_unknown(g, &g->evidence->network_unknown, "cannot see which interfaces have addresses");
                return;
        }
        for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
                char shown[INET_ADDRSTRLEN];

                if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
                    inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr, shown,
                              sizeof(shown))) {
                        has_address(g, i->ifa_name, shown);
                        root_made(g->root, CAPTURED_ADDRESSES, arena_join(g->arena, i->ifa_name, " ", shown, NULL));
                }
        }
        freeifaddrs(list);
}

void guard_addresses(struct graph *g)
{
        addresses6(g);
        addresses4(g);
}
