/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Documentation/networking/devlink/devlink-eswitch-attr.rst; Documentation/networking/ethtool-netlink.rst, FEATURES_GET
 * and FEATURES_SET.
 */
#include "act/eswitch.h"

#include <errno.h>
#include <linux/devlink.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <stdio.h>

#include "base/str.h"

#define FEATURE "hw-tc-offload"

static struct nlmsghdr *message(struct netlink *n, void *buffer, uint16_t family, uint8_t command, const char *device)
{
        struct nlmsghdr *h = netlink_generic(n, buffer, family, command);
        const char *slash = strchr(device, '/');
        char bus[32];

        snprintf(bus, sizeof(bus), "%.*s", (int)(slash - device), device);
        mnl_attr_put_strz(h, DEVLINK_ATTR_BUS_NAME, bus);
        mnl_attr_put_strz(h, DEVLINK_ATTR_DEV_NAME, slash + 1);
        return h;
}

static int find_mode(const struct nlmsghdr *h, void *data)
{
        struct nlattr *attr;

        mnl_attr_for_each (attr, h, sizeof(struct genlmsghdr)) {
                bool is = mnl_attr_get_type(attr) == DEVLINK_ATTR_ESWITCH_MODE &&
                          mnl_attr_validate(attr, MNL_TYPE_U16) >= 0;

                if (is)
                        *(enum eswitch *)data = mnl_attr_get_u16(attr) == DEVLINK_ESWITCH_MODE_SWITCHDEV
                                                        ? ESWITCH_SWITCHDEV
                                                        : ESWITCH_LEGACY;
        }
        return MNL_CB_OK;
}

static int get(struct netlink *n, uint16_t family, const char *device, enum eswitch *ret)
{
        char buffer[512] __attribute__((aligned(8)));

        *ret = ESWITCH_UNSET;
        return netlink_ask(n, message(n, buffer, family, DEVLINK_CMD_ESWITCH_GET, device), find_mode, ret);
}

int eswitch_set(struct netlink *n, const char *device, enum eswitch mode)
{
        char buffer[512] __attribute__((aligned(8)));
        struct nlmsghdr *h;
        enum eswitch is;
        uint16_t family;
        int k = netlink_family(n, DEVLINK_GENL_NAME, &family);

        if (k == 0)
                k = get(n, family, device, &is);
        /* A device without such a switch forwards as those in legacy mode; that it cannot be asked says nothing. */
        if (k < 0)
                return mode == ESWITCH_LEGACY && (k == -ENOENT || k == -ENODEV || k == -EOPNOTSUPP) ? 0 : k;
        /* The same again is an error to bnxt. */
        if (is == mode)
                return 0;
        h = message(n, buffer, family, DEVLINK_CMD_ESWITCH_SET, device);
        mnl_attr_put_u16(h, DEVLINK_ATTR_ESWITCH_MODE,
                         mode == ESWITCH_LEGACY ? DEVLINK_ESWITCH_MODE_LEGACY : DEVLINK_ESWITCH_MODE_SWITCHDEV);
        k = netlink_ask(n, h, NULL, NULL);
        if (k == 0)
                k = get(n, family, device, &is);
        return k == 0 && is != mode ? -EPROTO : k;
}

/* ---- hw-tc-offload ---------------------------------------------------------------------------------------------- */

static struct nlmsghdr *of_interface(struct netlink *n, void *buffer, uint16_t family, uint8_t command,
                                     const char *name)
{
        struct nlmsghdr *h = netlink_generic(n, buffer, family, command);
        /* The first attribute of every request is its header. */
        struct nlattr *header = mnl_attr_nest_start(h, ETHTOOL_A_FEATURES_HEADER);

        mnl_attr_put_strz(h, ETHTOOL_A_HEADER_DEV_NAME, name);
        mnl_attr_nest_end(h, header);
        return h;
}

static bool names_it(const struct nlattr *bit)
{
        struct nlattr *attr;

        mnl_attr_for_each_nested (attr, bit) {
                if (mnl_attr_get_type(attr) == ETHTOOL_A_BITSET_BIT_NAME &&
                    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 && streq(mnl_attr_get_str(attr), FEATURE))
                        return true;
        }
        return false;
}

/* The set of those that are on has no mask: who is in it, is on. */
static int find_feature(const struct nlmsghdr *h, void *data)
{
        struct nlattr *set, *bits, *bit;

        mnl_attr_for_each (set, h, sizeof(struct genlmsghdr)) {
                if (mnl_attr_get_type(set) != ETHTOOL_A_FEATURES_ACTIVE)
                        continue;
                mnl_attr_for_each_nested (bits, set) {
                        if (mnl_attr_get_type(bits) != ETHTOOL_A_BITSET_BITS)
                                continue;
                        mnl_attr_for_each_nested (bit, bits) {
                                *(bool *)data |= names_it(bit);
                        }
                }
        }
        return MNL_CB_OK;
}

static void put_feature(struct nlmsghdr *h)
{
        struct nlattr *set = mnl_attr_nest_start(h, ETHTOOL_A_FEATURES_WANTED);
        struct nlattr *bits = mnl_attr_nest_start(h, ETHTOOL_A_BITSET_BITS);
        struct nlattr *bit = mnl_attr_nest_start(h, ETHTOOL_A_BITSET_BITS_BIT);

        mnl_attr_put_strz(h, ETHTOOL_A_BITSET_BIT_NAME, FEATURE);
        mnl_attr_put(h, ETHTOOL_A_BITSET_BIT_VALUE, 0, NULL);
        mnl_attr_nest_end(h, bit);
        mnl_attr_nest_end(h, bits);
        mnl_attr_nest_end(h, set);
}

int eswitch_offload(struct netlink *n, const char *interface)
{
        char buffer[512] __attribute__((aligned(8)));
        struct nlmsghdr *h;
        bool on = false;
        uint16_t family;
        int k = netlink_family(n, ETHTOOL_GENL_NAME, &family);

        if (k < 0)
                return k;
        h = of_interface(n, buffer, family, ETHTOOL_MSG_FEATURES_SET, interface);
        put_feature(h);
        k = netlink_ask(n, h, NULL, NULL);
        if (k < 0)
                return k;
        k = netlink_ask(n, of_interface(n, buffer, family, ETHTOOL_MSG_FEATURES_GET, interface), find_feature, &on);
        return k == 0 && !on ? -EPROTO : k;
}
