/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces, what they stand on (Documentation/ABI/testing/sysfs-class-net), and which of them carry routes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "guard/graph.h"

#define INTERFACES "/sys/class/net"
#define LOWER      "lower_"
#define UP         1u /* IFF_UP */

static ssize_t attribute(struct graph *h, const char *name, const char *file, char *buf, size_t size)
{
        char path[PATH_MAX];

        if (snprintf(path, sizeof(path), INTERFACES "/%s/%s", name, file) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        return root_read(h->root, path, buf, size);
}

/* Flags that cannot be read: up, for all that is known. */
static bool is_up(struct graph *h, const char *name)
{
        char text[32];
        uint32_t flags;

        return attribute(h, name, "flags", text, sizeof(text)) <= 0 ||
               str_to_u32(startswith(text, "0x") ? text + 2 : text, 16, &flags) < 0 || flags & UP;
}

static size_t by_index(struct graph *h, const char *index)
{
        char text[32];

        for (size_t i = 0; i < h->evidence->n_nodes; i++)
                if (h->evidence->nodes[i].kind == NODE_INTERFACE &&
                    attribute(h, h->evidence->nodes[i].name, "ifindex", text, sizeof(text)) > 0 && streq(text, index))
                        return i;
        return NO_NODE;
}

/* Links lower_NAME and master; where the former are not there, a VLAN's iflink. */
static void relate(struct graph *h, size_t node)
{
        const char *name = h->evidence->nodes[node].name, **names;
        char path[PATH_MAX], target[PATH_MAX], text[512];
        size_t n = 0;
        int k;

        if (snprintf(path, sizeof(path), INTERFACES "/%s", name) >= (int)sizeof(path))
                return;
        k = root_list(h->root, h->arena, path, &names, &n);
        for (size_t i = 0; k == 0 && i < n; i++)
                if (startswith(names[i], LOWER))
                        host_stand(h, node, host_find(h->evidence, NODE_INTERFACE, names[i] + strlen(LOWER)));
        if (snprintf(path, sizeof(path), INTERFACES "/%s/master", name) < (int)sizeof(path) &&
            root_readlink(h->root, path, target, sizeof(target)) > 0) {
                size_t master = host_find(h->evidence, NODE_INTERFACE, str_basename(target));

                /* Who sits on an Open vSwitch, and what carries whom there, only its daemon knows. */
                if (streq(str_basename(target), "ovs-system"))
                        host_use(h, node, "Open vSwitch");
                /* Its routes are in a table that is not shown. */
                if (attribute(h, str_basename(target), "uevent", text, sizeof(text)) > 0 && strstr(text, "DEVTYPE=vrf"))
                        host_use(h, node, "VRF %s", str_basename(target));
                if (master != NO_NODE)
                        host_stand(h, master, node);
        }
        if (h->evidence->nodes[node].n_below == 0 && attribute(h, name, "uevent", text, sizeof(text)) > 0 &&
            (strstr(text, "DEVTYPE=vlan") || strstr(text, "DEVTYPE=macvlan") || strstr(text, "DEVTYPE=ipvlan")) &&
            attribute(h, name, "iflink", text, sizeof(text)) > 0) {
                host_stand(h, node, by_index(h, text));
                return;
        }
}

static bool reaches_hardware(const struct evidence *evidence, size_t node, unsigned depth)
{
        const struct node *n = &evidence->nodes[node];

        if (n->n_functions > 0 || !n->virtual_)
                return true;
        for (size_t i = 0; i < n->n_below && depth < 32; i++)
                if (reaches_hardware(evidence, n->below[i], depth + 1))
                        return true;
        return false;
}

static void carries(struct graph *h, const char *name, bool default_route)
{
        size_t node = host_find(h->evidence, NODE_INTERFACE, name);

        if (streq(name, "lo"))
                return;
        if (node == NO_NODE) {
                host_unknown(h, &h->evidence->network_unknown, "%s carries a route, and what that is is not known",
                             name);
                return;
        }
        host_use(h, node, "%s", default_route ? "default route" : "a route");
        /* ppp0: which interface is below it, only its daemon knows. */
        if (!(!default_route || reaches_hardware(h->evidence, node, 0)))
                host_unknown(h, &h->evidence->up_unknown,
                             "%s carries the default route, and what carries %s is not known", name, name);
}

/* Iface Destination Gateway Flags RefCnt Use Metric Mask ...; a heading first. */
static int routes4(struct graph *h, const char *text, bool wanted_default)
{
        const char **f;
        size_t n;
        int k;

        while ((k = host_fields(h, &text, &f, &n)) > 0) {
                bool is_default;

                /* "*": a route to nowhere, a blackhole, say. */
                if (n < 8 || streq(f[0], "Iface") || streq(f[0], "*"))
                        continue;
                is_default = streq(f[1], "00000000") && streq(f[7], "00000000");
                if (is_default == wanted_default)
                        carries(h, f[0], is_default);
        }
        return k;
}

/* Destination, its prefix length, source, its length, next hop, metric, references, uses, flags, interface: all hex. */
static int routes6(struct graph *h, const char *text, bool wanted_default)
{
        static const char unspecified[] = "00000000000000000000000000000000";
        const char **f;
        size_t n;
        int k;

        while ((k = host_fields(h, &text, &f, &n)) > 0) {
                bool is_default;

                /* Every interface that is up has link-local and multicast ones. */
                if (n < 10 || startswith(f[0], "fe8") || startswith(f[0], "ff") || streq(f[9], "lo"))
                        continue;
                is_default = streq(f[0], unspecified) && streq(f[1], "00");
                if (is_default == wanted_default)
                        carries(h, f[9], is_default);
        }
        return k;
}

int host_network(struct graph *h)
{
        _cleanup_(close_fd) int fd = root_open_at(h->root, INTERFACES, O_PATH | O_DIRECTORY);
        char *v4, *v6, target[PATH_MAX];
        const char **names;
        size_t n, node, first = h->evidence->n_nodes;
        int k = root_list(h->root, h->arena, INTERFACES, &names, &n);

        if (k < 0 || n == 0) {
                host_unknown(h, &h->evidence->network_unknown, "which interfaces there are is not known");
                return 0;
        }
        for (size_t i = 0; i < n; i++)
                host_add(h, NODE_INTERFACE, fd, names[i], target, sizeof(target), &node);
        if (!host_concerned(h, first))
                return 0;
        n = h->evidence->n_nodes;
        for (size_t i = first; i < n; i++)
                h->evidence->nodes[i].up = is_up(h, h->evidence->nodes[i].name);
        for (size_t i = first; k == 0 && i < n; i++)
                relate(h, i);
        if (host_read(h, "/proc/net/route", &v4) < 0) {
                host_unknown(h, &h->evidence->network_unknown, "which interfaces carry routes is not known");
                return 0;
        }
        /* A kernel without IPv6 has no such file. */
        if (host_read(h, "/proc/net/ipv6_route", &v6) < 0)
                v6 = "";
        for (int wanted = 1; k == 0 && wanted >= 0; wanted--) {
                k = routes4(h, v4, wanted);
                if (k == 0)
                        k = routes6(h, v6, wanted);
        }
        return k;
}
