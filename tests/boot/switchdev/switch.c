/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has act_sriov() set up a device that is on no PCI bus: its switch, offload of it and of two representors, and six
 * settings of its first virtual function. Prints what could not be done.
 *
 * usage: switch DEVICE INTERFACE, such as netdevsim/netdevsim1 eth0
 */
#include <stdio.h>

#include "act/sriov.h"
#include "base/str.h"

#define PARENT UINT32_MAX

static struct sriov_op switch_op(const char *device, enum sriov_phase phase, unsigned flags)
{
        return (struct sriov_op){.op = {.kind = OP_DEVLINK,
                                        .flags = OP_OPTIONAL | flags,
                                        .target = device,
                                        .value = "eswitch mode switchdev"},
                                 .phase = phase,
                                 .index = PARENT,
                                 .eswitch = ESWITCH_SWITCHDEV};
}

static struct sriov_op net_op(const char *target, uint32_t index, enum sriov_net net, enum vf_key key,
                              const char *value)
{
        struct vf_settings s = {.mac = {0x52, 0x54, 0, 0xaa, 0, 1}};

        s.line[VF_VLAN_PROTOCOL] = 1;
        s.number[VF_VLAN] = 7;
        s.number[VF_VLAN_PROTOCOL] = 0x88a8;
        s.number[VF_QUALITY_OF_SERVICE] = 3;
        s.number[VF_MAC_SPOOF_CHECK] = 1;
        s.number[VF_TRUST] = 1;
        s.number[VF_LINK_STATE] = VF_LINK_ENABLE;
        s.number[VF_MAX_TX_RATE] = 1000;
        return (struct sriov_op){.op = {.kind = OP_NETLINK, .flags = OP_OPTIONAL, .target = target, .value = value},
                                 .phase = SRIOV_SET,
                                 .index = index,
                                 .net = net,
                                 .setting = key,
                                 .settings = s};
}

int main(int argc, char *argv[])
{
        const char *device = argv[1], *interface = argv[2];
        struct arena arena = {};
        struct diags problems = {.arena = &arena};
        struct root root = ROOT_INIT;
        struct device parent = {};
        struct facts facts = {.devices = &parent, .n_devices = 1};
        struct plan_entry entry = {};
        struct sriov_parent made = {};
        struct plan plan = {.facts = &facts, .entries = &entry, .n_entries = 1};
        const char *slash = argc == 3 ? strchr(device, '/') : NULL;
        int k;

        if (!slash || root_open(NULL, &root) < 0)
                return 2;
        parent.address = slash + 1;
        parent.sysfs = arena_printf(&arena, "/sys/bus/%.*s/devices/%s", (int)(slash - device), device, slash + 1);

        struct sriov_op ops[] = {
                /* One that does not work, as a driver that is tried: the next does it. */
                switch_op("netdevsim/netdevsim99", SRIOV_MAKE, OP_ELSE),
                switch_op(device, SRIOV_MAKE, 0),
                net_op(interface, PARENT, SRIOV_NET_OFFLOAD, VF_DRIVER, "hw-tc-offload on"),
                net_op("representor 0", 0, SRIOV_NET_OFFLOAD, VF_DRIVER, "hw-tc-offload on"),
                net_op("representor 1", 1, SRIOV_NET_OFFLOAD, VF_DRIVER, "hw-tc-offload on"),
                net_op("representor 9", 9, SRIOV_NET_OFFLOAD, VF_DRIVER, "hw-tc-offload on"),
                net_op(interface, 0, SRIOV_NET_SETTING, VF_MAX_TX_RATE, "vf 0 max_tx_rate 1000 min_tx_rate 0"),
                net_op(interface, 0, SRIOV_NET_SETTING, VF_MAC_ADDRESS, "vf 0 mac"),
                net_op(interface, 0, SRIOV_NET_SETTING, VF_VLAN, "vf 0 vlan 7 qos 3 proto 802.1ad"),
                net_op(interface, 0, SRIOV_NET_SETTING, VF_MAC_SPOOF_CHECK, "vf 0 spoofchk on"),
                net_op(interface, 0, SRIOV_NET_SETTING, VF_TRUST, "vf 0 trust on"),
                net_op(interface, 0, SRIOV_NET_SETTING, VF_LINK_STATE, "vf 0 state enable"),
        };
        const struct sriov_plan sriov = {.parents = &made, .n_parents = 1, .ops = ops, .n_ops = ARRAY_SIZE(ops)};

        plan.sriov = &sriov;
        k = act_sriov(&root, &plan, 0, SRIOV_MAKE, 1, &arena, &problems) == SRIOV_DONE ? 0 : 1;
        if (k == 0)
                k = act_sriov(&root, &plan, 0, SRIOV_SET, 1, &arena, &problems) == SRIOV_DONE ? 0 : 1;
        for (size_t i = 0; i < problems.n; i++)
                puts(problems.v[i].message);
        root_close(&root);
        arena_free(&arena);
        return k;
}
