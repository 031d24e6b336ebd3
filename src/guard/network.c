/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces, what they stand on (Documentation/ABI/testing/sysfs-class-net), and which of them carry routes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/parts.h"
#include "guard/source.h"

#define INTERFACES "/sys/class/net"
#define LOWER      "lower_"
#define UP         1u /* IFF_UP */

static ssize_t attribute(struct graph *g, const char *name, const char *file, char *buf, size_t size)
{
        char path[PATH_MAX];

        if (snprintf(path, sizeof(path), INTERFACES "/%s/%s", name, file) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        return guard_attribute(g, path, buf, size);
}

/* Flags that cannot be read: up, for all that is known. */
static bool is_up(struct graph *g, const char *name)
{
        char text[32];
        uint32_t flags;

        return attribute(g, name, "flags", text, sizeof(text)) <= 0 ||
               !str_to_u32(startswith(text, "0x") ? text + 2 : text, 16, &flags) || flags & UP;
}

static size_t by_index(struct graph *g, const char *index)
{
        char text[32];

        for (size_t i = 0; i < g->evidence->n_nodes; i++)
                if (g->evidence->nodes[i].kind == NODE_INTERFACE &&
                    attribute(g, g->evidence->nodes[i].name, "ifindex", text, sizeof(text)) > 0 && streq(text, index))
                        return i;
        return NO_NODE;
}

/* Links lower_NAME and master; where the former are not there, a VLAN's iflink. */
static void relate(struct graph *g, size_t node)
{
        const char *name = g->evidence->nodes[node].name, **names;
        char path[PATH_MAX], target[PATH_MAX], text[512];
        size_t n;

        if (snprintf(path, sizeof(path), INTERFACES "/%s", name) >= (int)sizeof(path))
                return;
        if (guard_list(g, path, &names, &n) != SOURCE_READ)
                guard_unknown(g, &g->evidence->network_unknown, "%s cannot be read", path);
        for (size_t i = 0; i < n; i++)
                if (startswith(names[i], LOWER))
                        guard_stand(g, node, guard_find(g, NODE_INTERFACE, names[i] + strlen(LOWER)));
        if (snprintf(path, sizeof(path), INTERFACES "/%s/master", name) < (int)sizeof(path) &&
            guard_readlink(g, path, target, sizeof(target)) > 0) {
                size_t master = guard_find(g, NODE_INTERFACE, str_basename(target));

                /* Who sits on an Open vSwitch, and what carries whom there, only its daemon knows. */
                if (streq(str_basename(target), "ovs-system"))
                        guard_use(g, node, "Open vSwitch");
                /* Its routes are in a table that is not shown. Before Linux 6.2 a VRF has no type, which bridges and
                 * bonds have. */
                if (attribute(g, str_basename(target), "uevent", text, sizeof(text)) > 0 &&
                    (strstr(text, "DEVTYPE=vrf") || (!strstr(text, "DEVTYPE=") && guard_exists(g, "/sys/module/vrf"))))
                        guard_use(g, node, "VRF %s", str_basename(target));
                if (master != NO_NODE)
                        guard_stand(g, master, node);
        }
        if (g->evidence->nodes[node].n_below == 0 && attribute(g, name, "uevent", text, sizeof(text)) > 0 &&
            (strstr(text, "DEVTYPE=vlan") || strstr(text, "DEVTYPE=macvlan") || strstr(text, "DEVTYPE=ipvlan")) &&
            attribute(g, name, "iflink", text, sizeof(text)) > 0)
                guard_stand(g, node, by_index(g, text));
}

static bool reaches_hardware(const struct evidence *evidence, size_t node, unsigned depth)
{
        const struct node *n = &evidence->nodes[node];

        if (n->n_devices > 0 || !n->virtual_)
                return true;
        for (size_t i = 0; i < n->n_below && depth < 32; i++)
                if (reaches_hardware(evidence, n->below[i], depth + 1))
                        return true;
        return false;
}

bool guard_on_hardware(const struct evidence *evidence, size_t node)
{
        return reaches_hardware(evidence, node, 0);
}

static void carries(struct graph *g, const char *name, bool default_route)
{
        size_t node = guard_find(g, NODE_INTERFACE, name);

        if (streq(name, "lo"))
                return;
        if (node == NO_NODE) {
                guard_unknown(g, &g->evidence->network_unknown, "%s carries a route, and its device is unknown", name);
                return;
        }
        guard_use(g, node, "%s", default_route ? USE_DEFAULT_ROUTE : "a route");
        /* ppp0: which interface is below it, only its daemon knows. */
        if (default_route && !reaches_hardware(g->evidence, node, 0))
                guard_unknown(g, &g->evidence->up_unknown,
                              "%s carries the default route, and the device that carries %s is unknown", name, name);
}

/* Iface Destination Gateway Flags RefCnt Use Metric Mask ...; a heading first. */
static void routes4(struct graph *g, const char *text, bool wanted_default)
{
        const char **f;
        size_t n;

        while (guard_fields(g->arena, &text, &f, &n)) {
                /* "*": a route to nowhere, a blackhole, say. */
                if (n < 8 || streq(f[0], "Iface") || streq(f[0], "*"))
                        continue;
                if ((streq(f[1], "00000000") && streq(f[7], "00000000")) == wanted_default)
                        carries(g, f[0], wanted_default);
        }
}

/* Destination, its prefix length, source, its length, next hop, metric, references, uses, flags, interface: all hex. */
static void routes6(struct graph *g, const char *text, bool wanted_default)
{
        static const char unspecified[] = "00000000000000000000000000000000";
        const char **f;
        size_t n;

        while (guard_fields(g->arena, &text, &f, &n)) {
                /* Every interface that is up has link-local and multicast ones. */
                if (n < 10 || startswith(f[0], "fe8") || startswith(f[0], "ff") || streq(f[9], "lo"))
                        continue;
                if ((streq(f[0], unspecified) && streq(f[1], "00")) == wanted_default)
                        carries(g, f[9], wanted_default);
        }
}

static void routes(struct graph *g)
{
        const char *v4 = guard_table(g, "/proc/net/route");
        const char *v6 = guard_table(g, "/proc/net/ipv6_route"); /* a kernel without IPv6 has none */

        if (!*v4 && !root_exists(g->root, "/proc/net/route"))
                guard_unknown(g, &g->evidence->network_unknown, "cannot see which interfaces carry routes");
        for (int wanted_default = 1; wanted_default >= 0; wanted_default--) {
                routes4(g, v4, wanted_default);
                routes6(g, v6, wanted_default);
        }
}

void guard_network(struct graph *g)
{
        _cleanup_(close_fd) int fd = root_open_at(g->root, INTERFACES, O_PATH | O_DIRECTORY);
        size_t n, first = g->evidence->n_nodes;
        const char **names;
        char link[PATH_MAX];

        guard_class(g, INTERFACES, &names, &n);
        if (n == 0)
                guard_unknown(g, &g->evidence->network_unknown, "cannot see which network interfaces there are");
        for (size_t i = 0; i < n; i++)
                if (!streq(names[i], "bonding_masters")) { /* a file */
                        guard_add(g, NODE_INTERFACE, names[i], guard_link(g, fd, INTERFACES, names[i], link));
                        if (!*link)
                                guard_unknown(g, &g->evidence->network_unknown, "cannot see where %s is", names[i]);
                }
        guard_reach_physical(g, first);
        if (n == 0 || !guard_concerned(g, first))
                return;
        for (size_t i = first; i < g->evidence->n_nodes; i++)
                g->evidence->nodes[i].up = is_up(g, g->evidence->nodes[i].name);
        for (size_t i = first; i < g->evidence->n_nodes; i++)
                relate(g, i);
        guard_ppp(g);
        routes(g);
        guard_rtnetlink(g);
        guard_astray(g);
        guard_declared(g);
}
