/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The IOMMUs of a machine, as they show now (Documentation/ABI/testing/sysfs-kernel-iommu_groups). */

#include "base/root.h"
#include "cmdline/cmdline.h"

/* The firmware's tables that describe them (ACPI: DMAR of VT-d, IVRS of AMD-Vi, VIOT of virtio-iommu, IORT of arm64,
 * RIMT of RISC-V). */
struct iommu_tables {
        bool known; /* the directory of ACPI tables is there */
        bool dmar, ivrs, viot, iort, rimt;
        enum known dmar_intremap, dmar_x2apic_opt_out; /* flags of DMAR, where it can be read */
};

/* A group with a device in it. */
struct iommu_group {
        int number;
        const char *type; /* "DMA-FQ", or NULL */
        bool direct;      /* a reserved region of type "direct" */
};

struct iommus {
        struct iommu_tables tables;
        const char **names; /* /sys/class/iommu */
        size_t n;
        struct iommu_group *groups;
        size_t n_groups;
        enum known unsafe_interrupts; /* vfio_iommu_type1's parameter of that name, as it is now */
};

/*
 * Whether a group has a region of type "direct", by the text of its reserved_regions: the firmware goes on using memory
 * through it, and the kernel lets VFIO have no such device; "direct-relaxable" does not matter
 * (Documentation/ABI/testing/sysfs-kernel-iommu_groups). Each line is "0x00000000fee00000 0x00000000feefffff msi".
 */
bool iommu_has_direct(const char *regions);
void iommus_read(const struct root *root, struct arena *a, struct iommus *ret);
