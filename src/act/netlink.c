/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <time.h>

#include "base/str.h"

int netlink_open(struct mnl_socket **ret)
{
        *ret = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
        if (!*ret)
                return -errno;
        return mnl_socket_bind(*ret, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

void netlink_close(struct mnl_socket **socket)
{
        if (*socket)
                mnl_socket_close(*socket);
        *socket = NULL;
}

static void put_setting(struct nlmsghdr *h, const struct sriov_op *op)
{
        const struct vf_settings *s = &op->settings;
        const uint32_t *n = s->number;
        uint32_t vf = op->index;

        switch (op->setting) {
        case VF_MAC_ADDRESS: {
                struct ifla_vf_mac x = {.vf = vf};

                memcpy(x.mac, s->mac, sizeof(s->mac));
                mnl_attr_put(h, IFLA_VF_MAC, sizeof(x), &x);
                break;
        }
        case VF_VLAN: {
                /* Its protocol goes through the list alone (since Linux 4.9). */
                uint32_t protocol = s->line[VF_VLAN_PROTOCOL] ? n[VF_VLAN_PROTOCOL] : 0x8100;
                struct ifla_vf_vlan_info x = {.vf = vf,
                                              .vlan = n[VF_VLAN],
                                              .qos = n[VF_QUALITY_OF_SERVICE],
                                              .vlan_proto = htons((uint16_t)protocol)};
                struct nlattr *list = mnl_attr_nest_start(h, IFLA_VF_VLAN_LIST);

                mnl_attr_put(h, IFLA_VF_VLAN_INFO, sizeof(x), &x);
                mnl_attr_nest_end(h, list);
                break;
        }
        case VF_MAC_SPOOF_CHECK: {
                struct ifla_vf_spoofchk x = {vf, n[VF_MAC_SPOOF_CHECK]};

                mnl_attr_put(h, IFLA_VF_SPOOFCHK, sizeof(x), &x);
                break;
        }
        case VF_TRUST: {
                struct ifla_vf_trust x = {vf, n[VF_TRUST]};

                mnl_attr_put(h, IFLA_VF_TRUST, sizeof(x), &x);
                break;
        }
        case VF_LINK_STATE: {
                struct ifla_vf_link_state x = {vf, n[VF_LINK_STATE]};

                mnl_attr_put(h, IFLA_VF_LINK_STATE, sizeof(x), &x);
                break;
        }
        default: {
                struct ifla_vf_rate x = {vf, n[VF_MIN_TX_RATE], n[VF_MAX_TX_RATE]};

                mnl_attr_put(h, IFLA_VF_RATE, sizeof(x), &x);
                break;
        }
        }
}

static int send_and_wait(struct mnl_socket *socket, struct nlmsghdr *h)
{
        char buffer[8192];
        ssize_t n;

        if (mnl_socket_sendto(socket, h, h->nlmsg_len) < 0)
                return -errno;
        n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
        if (n < 0)
                return -errno;
        return mnl_cb_run(buffer, (size_t)n, h->nlmsg_seq, mnl_socket_get_portid(socket), NULL, NULL) < 0 ? -errno : 0;
}

int netlink_set(struct mnl_socket *socket, const struct sriov_op *op)
{
        static uint32_t sequence;
        char buffer[1024];
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
        unsigned index = if_nametoindex(op->op.target);
        struct nlattr *list, *info;
        struct ifinfomsg *link;

        if (index == 0)
                return -errno;
        h->nlmsg_type = RTM_SETLINK;
        h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
        h->nlmsg_seq = ++sequence;
        link = mnl_nlmsg_put_extra_header(h, sizeof(*link));
        link->ifi_family = AF_UNSPEC;
        link->ifi_index = (int)index;
        if (op->index == UINT32_MAX) {
                link->ifi_flags = link->ifi_change = IFF_UP;
                return send_and_wait(socket, h);
        }
        list = mnl_attr_nest_start(h, IFLA_VFINFO_LIST);
        info = mnl_attr_nest_start(h, IFLA_VF_INFO);
        put_setting(h, op);
        mnl_attr_nest_end(h, info);
        mnl_attr_nest_end(h, list);
        return send_and_wait(socket, h);
}
