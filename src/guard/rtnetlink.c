/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 routes as rtnetlink(7) has them: those of all tables, policy's and VRFs' too, with every next hop.
 * /proc/net/route has one table's, and the first next hop alone.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/parts.h"
#include "guard/source.h"

/* For a captured machine: where the kernel's own file would be, if it had one. "INTERFACE TABLE", a line each. */
#define CAPTURED_ROUTES "/passthrough-routes"

static void carries(struct graph *g, const char *name, unsigned table)
{
        size_t node = guard_find(g, NODE_INTERFACE, name);

        root_made(g->root, CAPTURED_ROUTES, arena_printf(g->arena, "%s %u", name, table));
        if (streq(name, "lo"))
                return;
        /* Where /sys is of another namespace than this process, /proc/net/route has said so. */
        if (node == NO_NODE && g->root->live)
                return;
        if (node == NO_NODE)
                guard_unknown(g, &g->evidence->network_unknown, "%s carries a route, and its device is unknown", name);
        else
                guard_use(g, node, table == RT_TABLE_MAIN ? "a route" : "a route of table %u", table);
}

static void on_index(struct graph *g, int index, unsigned table)
{
        char name[IF_NAMESIZE];

        if (if_indextoname((unsigned)index, name))
                carries(g, name, table);
        else
                guard_unknown(g, &g->evidence->network_unknown,
                              "interface number %d carries a route, and its name is unknown", index);
}

static void route(struct graph *g, const struct nlmsghdr *h)
{
        const struct rtmsg *r = NLMSG_DATA(h);
        int left = (int)RTM_PAYLOAD(h);
        unsigned table = r->rtm_table;

        if (r->rtm_type != RTN_UNICAST)
                return;
        for (const struct rtattr *a = RTM_RTA(r); RTA_OK(a, left); a = RTA_NEXT(a, left))
                if (a->rta_type == RTA_TABLE)
                        table = *(const unsigned *)RTA_DATA(a);
        left = (int)RTM_PAYLOAD(h);
        for (const struct rtattr *a = RTM_RTA(r); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
                const struct rtnexthop *hop = RTA_DATA(a);
                size_t rest = RTA_PAYLOAD(a);

                if (a->rta_type == RTA_OIF)
                        on_index(g, *(const int *)RTA_DATA(a), table);
                for (; a->rta_type == RTA_MULTIPATH && rest >= sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) &&
                       hop->rtnh_len <= rest;
                     rest -= MIN(rest, (size_t)RTNH_ALIGN(hop->rtnh_len)), hop = RTNH_NEXT(hop))
                        on_index(g, hop->rtnh_ifindex, table);
        }
}

/* 0 once the last has come, or -errno. */
static int dump(struct graph *g)
{
        struct {
                struct nlmsghdr h;
                struct rtmsg r;
        } ask = {.h = {.nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
                 .r = {.rtm_family = AF_INET}};
        _cleanup_(close_fd) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        static _Alignas(struct nlmsghdr) char buffer[32768];
        ssize_t n;

        if (fd < 0 || send(fd, &ask, sizeof(ask), 0) < 0)
                return -errno;
        while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
                for (const struct nlmsghdr *h = (const void *)buffer; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
                        if (h->nlmsg_type == NLMSG_DONE)
                                return 0;
                        if (h->nlmsg_type == NLMSG_ERROR)
                                return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
                        if (h->nlmsg_type == RTM_NEWROUTE)
                                route(g, h);
                }
        return n < 0 ? -errno : -EIO;
}

void guard_rtnetlink(struct graph *g)
{
        const char **f, *rest;
        uint32_t table;
        size_t n;

        if (g->root->live) {
                root_made(g->root, CAPTURED_ROUTES, NULL);
                if (dump(g) < 0)
                        guard_unknown(g, &g->evidence->network_unknown, "cannot see which interfaces carry routes");
                return;
        }
        for (rest = guard_table(g, CAPTURED_ROUTES); guard_fields(g->arena, &rest, &f, &n);)
                if (n == 2 && str_to_u32(f[1], 10, &table))
                        carries(g, f[0], table);
}
