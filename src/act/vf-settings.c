/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/vf-settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "base/str.h"

/* Its protocol goes through the list alone (since Linux 4.9). */
static struct ifla_vf_vlan_info vlan_of(const struct sriov_op *op)
{
        const struct vf_settings *s = &op->settings;
        uint32_t protocol = s->line[VF_VLAN_PROTOCOL] ? s->number[VF_VLAN_PROTOCOL] : 0x8100;

        return (struct ifla_vf_vlan_info){.vf = op->index,
                                          .vlan = s->number[VF_VLAN],
                                          .qos = s->number[VF_QUALITY_OF_SERVICE],
                                          .vlan_proto = htons((uint16_t)protocol)};
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
                struct ifla_vf_vlan_info x = vlan_of(op);
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

/* By its index: a name may come to mean another one. */
static struct nlmsghdr *message(struct netlink *n, void *buffer, uint16_t type, const char *interface,
                                struct ifinfomsg **ret)
{
        unsigned index = if_nametoindex(interface);
        struct nlmsghdr *h;

        if (index == 0)
                return NULL;
        h = netlink_message(n, buffer, type);
        *ret = mnl_nlmsg_put_extra_header(h, sizeof(**ret));
        (*ret)->ifi_family = AF_UNSPEC;
        (*ret)->ifi_index = (int)index;
        return h;
}

int vf_set(struct netlink *n, const struct sriov_op *op)
{
        char buffer[1024] __attribute__((aligned(8)));
        struct nlattr *list, *info;
        struct ifinfomsg *link;
        struct nlmsghdr *h = message(n, buffer, RTM_SETLINK, op->op.target, &link);

        if (!h)
                return -errno;
        if (op->net == SRIOV_NET_UP) {
                link->ifi_flags = link->ifi_change = IFF_UP;
                return netlink_ask(n, h, NULL, NULL);
        }
        list = mnl_attr_nest_start(h, IFLA_VFINFO_LIST);
        info = mnl_attr_nest_start(h, IFLA_VF_INFO);
        put_setting(h, op);
        mnl_attr_nest_end(h, info);
        mnl_attr_nest_end(h, list);
        return netlink_ask(n, h, NULL, NULL);
}

struct wanted {
        const struct sriov_op *ops;
        size_t n;
        enum tristate *is;
};

static enum tristate same(bool is)
{
        return is ? YES : NO;
}

/* A flag that the driver does not tell is -1 (net/core/rtnetlink.c, rtnl_fill_vfinfo()). */
static enum tristate same_flag(uint32_t is, uint32_t wanted)
{
        return is == UINT32_MAX ? UNKNOWN : same(is == wanted);
}

/* The structures all begin with the index of the function. */
static const void *of_function(const struct nlattr *attr, const struct sriov_op *op, size_t size)
{
        const uint32_t *vf = mnl_attr_get_payload(attr);

        return mnl_attr_get_payload_len(attr) >= size && *vf == op->index ? vf : NULL;
}

static enum tristate same_vlan(const struct nlattr *list, const struct sriov_op *op)
{
        const struct ifla_vf_vlan_info wanted = vlan_of(op);
        struct nlattr *attr;

        mnl_attr_for_each_nested (attr, list) {
                const struct ifla_vf_vlan_info *x = of_function(attr, op, sizeof(*x));

                if (x)
                        return same(x->vlan == wanted.vlan && x->qos == wanted.qos &&
                                    x->vlan_proto == wanted.vlan_proto);
        }
        return UNKNOWN;
}

static enum tristate judge(const struct nlattr *attr, const struct sriov_op *op)
{
        static const struct {
                enum vf_key key;
                uint16_t type;
                size_t size;
        } kinds[] = {
                {VF_MAC_ADDRESS, IFLA_VF_MAC, sizeof(struct ifla_vf_mac)},
                {VF_VLAN, IFLA_VF_VLAN_LIST, 0},
                {VF_MAC_SPOOF_CHECK, IFLA_VF_SPOOFCHK, sizeof(struct ifla_vf_spoofchk)},
                {VF_TRUST, IFLA_VF_TRUST, sizeof(struct ifla_vf_trust)},
                {VF_LINK_STATE, IFLA_VF_LINK_STATE, sizeof(struct ifla_vf_link_state)},
                {VF_MAX_TX_RATE, IFLA_VF_RATE, sizeof(struct ifla_vf_rate)},
        };
        const struct vf_settings *s = &op->settings;
        const void *x = NULL;
        size_t i = 0;

        while (i < ARRAY_SIZE(kinds) && kinds[i].key != op->setting)
                i++;
        if (i == ARRAY_SIZE(kinds) || mnl_attr_get_type(attr) != kinds[i].type)
                return UNKNOWN;
        if (op->setting == VF_VLAN)
                return same_vlan(attr, op);
        x = of_function(attr, op, kinds[i].size);
        if (!x)
                return UNKNOWN;
        if (op->setting == VF_MAC_ADDRESS)
                return same(memcmp(((const struct ifla_vf_mac *)x)->mac, s->mac, sizeof(s->mac)) == 0);
        if (op->setting == VF_MAX_TX_RATE)
                return same(((const struct ifla_vf_rate *)x)->max_tx_rate == s->number[VF_MAX_TX_RATE] &&
                            ((const struct ifla_vf_rate *)x)->min_tx_rate == s->number[VF_MIN_TX_RATE]);
        /* The others have one layout: the function, and a number. */
        return same_flag(((const struct ifla_vf_trust *)x)->setting, s->number[op->setting]);
}

static void judge_all(const struct wanted *w, const struct nlattr *attr)
{
        for (size_t i = 0; i < w->n; i++)
                if (w->is[i] == UNKNOWN)
                        w->is[i] = judge(attr, &w->ops[i]);
}

static int read_functions(const struct nlmsghdr *h, void *data)
{
        struct wanted *w = data;
        struct nlattr *list, *info, *attr;

        mnl_attr_for_each (list, h, sizeof(struct ifinfomsg)) {
                if (mnl_attr_get_type(list) != IFLA_VFINFO_LIST)
                        continue;
                mnl_attr_for_each_nested (info, list) {
                        mnl_attr_for_each_nested (attr, info) {
                                judge_all(w, attr);
                        }
                }
        }
        return MNL_CB_OK;
}

void vf_read_back(struct netlink *n, const char *interface, const struct sriov_op *ops, size_t n_ops,
                  enum tristate *ret)
{
        char buffer[256] __attribute__((aligned(8)));
        struct wanted w = {ops, n_ops, ret};
        struct ifinfomsg *link;
        struct nlmsghdr *h = message(n, buffer, RTM_GETLINK, interface, &link);

        for (size_t i = 0; i < n_ops; i++)
                ret[i] = UNKNOWN;
        if (!h)
                return;
        mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
        if (netlink_ask(n, h, read_functions, &w) < 0)
                for (size_t i = 0; i < n_ops; i++)
                        ret[i] = UNKNOWN;
}
