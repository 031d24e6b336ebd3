/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual functions of an NVMe controller are its secondary controllers: offline, and without queues, until it
 * gives them some (NVM Express Base Specification, Virtualization Enhancements).
 */
#include "base/str.h"
#include "bus/pci/sriov-making.h"

/* Its virtual functions have the queues that it gives them: class code 01.08.02 of the NVM Express specification. */
static bool is_nvme(const struct device *d)
{
        return startswith(d->class, "010802");
}

/* Whatever it does for the host, the reset that sets its queues free takes that away for a moment. */
const char *sriov_nvme_unfit(const struct making *m, const struct plan_entry *e, const struct device *d)
{
        if (!is_nvme(d))
                return "virtual functions of storage controllers other than NVMe are not built in this version";
        if (e->needed && e->by_process)
                return m->aim == SRIOV_NOW ? NULL : arena_join(m->arena, "in use: ", e->needed, NULL);
        return e->needed ? arena_join(m->arena, "the host needs it: ", e->needed, NULL) : e->unknown;
}

static struct sriov_op *add_nvme(const struct making *m, enum sriov_phase phase, uint32_t index, const char *value,
                                 const char *why)
{
        return add(m, phase, index,
                   (struct op){.kind = OP_NVME,
                               .target = arena_join(m->arena, "/sys/bus/pci/devices/", device_of(m)->address, NULL),
                               .value = value,
                               .why = why});
}

/*
 * What the controller keeps for itself changes when it is reset (NVM Express Base Specification, Virtualization
 * Management command, Primary Controller Flexible Allocation); its interrupts do not with a reset of the controller
 * alone, in QEMU (hw/nvme/ctrl.c).
 */
void sriov_nvme_before(const struct making *m, const struct sriov_parent *x)
{
        if (!is_nvme(device_of(m)) || x->count == 0)
                return;
        add_nvme(m, SRIOV_MAKE, ALL, "flexible vq 0 vi 0",
                 "nobody has those queues and interrupts that can be given away");
        add_write(m, SRIOV_MAKE, ALL, "reset", "1", "it lets go of the others only then")->op.flags = OP_AFTER;
        add_nvme(m, SRIOV_MAKE, ALL, "live", "its driver has it again");
}

/* They are made without queues, and offline. */
void sriov_nvme_after(const struct making *m, const struct sriov_parent *x)
{
        if (!is_nvme(device_of(m)) || x->count == 0)
                return;
        for (uint32_t i = 0; i < x->count; i++)
                add_nvme(m, SRIOV_SET, i, arena_printf(m->arena, "vf %u vq 1/%u vi 1/%u online", i, x->count, x->count),
                         "an equal part of the queues and interrupts that can be given away");
        add_nvme(m, SRIOV_SET, ALL, "namespaces", "a namespace that no controller has is of use to nobody")->op.flags =
                OP_OPTIONAL;
}
