/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How a virtual machine gets what a rule hands over: QEMU's arguments, and libvirt's XML. */

#include "base/str.h"
#include "report/listing.h"

struct shown_device {
        const struct device *device;
        const struct plan_entry *entry;
        struct guest_device guest;
        struct pci_name name;
        /* Functions of one card are functions of one slot in the guest, too; all else goes where there is room. */
        bool placed, multifunction;
        unsigned slot, function;
};

struct shown {
        const struct plan *plan;
        struct shown_device *devices;
        size_t n;
        struct strings qemu; /* arguments */
        struct strings
                qemu_iommufd;   /* the same where VFIO's nodes are opened by device; none where the kernel has none */
        struct strings libvirt; /* <hostdev>, one for each device */
};

/*
 * The devices chosen, by position in the plan's entries, that have a VFIO driver by it; without their names. iommufd:
 * the kernel has a node for each device.
 */
void shown_build(const struct plan *plan, const bool *chosen, bool iommufd, struct arena *a, struct shown *ret);
