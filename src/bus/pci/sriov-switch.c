/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In switchdev mode each virtual function has a representor, which is a port of the host's switch (Open vSwitch, a
 * bridge). Drivers differ in when they change the mode (Documentation/networking/switchdev.rst, representors.rst).
 */
#include "bus/pci/sriov-making.h"

/* Nothing is handed over in another mode: what a virtual machine sends would pass by the rules of the host's switch. */
static void set_mode(const struct making *m, const struct sriov_parent *x, unsigned flags, const char *why)
{
        struct sriov_op *op =
                add(m, SRIOV_MAKE, ALL,
                    (struct op){.kind = OP_DEVLINK,
                                .flags = flags,
                                .target = arena_join(m->arena, "pci/", device_of(m)->address, NULL),
                                .value = x->mode == ESWITCH_LEGACY ? "eswitch mode legacy" : "eswitch mode switchdev",
                                .why = why});

        op->eswitch = x->mode;
}

void sriov_mode_before(const struct making *m, const struct sriov_parent *x)
{
        enum eswitch_when when = quirks_of(m)->when;

        if (x->mode != ESWITCH_UNSET && when == ESWITCH_BEFORE)
                set_mode(m, x, 0, "its driver changes that only while it has no virtual functions");
        if (x->mode != ESWITCH_UNSET && when == ESWITCH_TRY)
                set_mode(m, x, OP_ELSE, "most drivers change that while they have no virtual functions");
}

static void add_offload(const struct making *m, const struct sriov_parent *x, uint32_t index)
{
        struct sriov_op *op = add(m, SRIOV_SET, index,
                                  (struct op){.kind = OP_NETLINK,
                                              .flags = OP_OPTIONAL,
                                              .target = index == ALL ? interface_of(x)
                                                                     : arena_printf(m->arena, "representor %u of %s",
                                                                                    index, device_of(m)->address),
                                              .value = "hw-tc-offload on",
                                              .why = "the device forwards what the host's switch tells it to"});

        op->net = SRIOV_NET_OFFLOAD;
}

/* Once the functions are there. */
void sriov_mode_after(const struct making *m, const struct sriov_parent *x)
{
        const struct sriov *sriov = rule_of(m)->sriov;
        enum eswitch_when when = quirks_of(m)->when;

        if (x->mode != ESWITCH_UNSET && when == ESWITCH_AFTER)
                set_mode(m, x, 0, "its driver changes that once they are there, and without a driver");
        if (x->mode != ESWITCH_UNSET && when == ESWITCH_TRY)
                set_mode(m, x, 0,
                         sriov->kind == VF_COUNT_EXISTING ? "Eswitch=" : "only where it could not be set before");
        if (sriov->eswitch != ESWITCH_SWITCHDEV)
                return;
        for (uint32_t i = 0; i <= x->count && x->count > 0; i++)
                add_offload(m, x, i == 0 ? ALL : i - 1);
}
