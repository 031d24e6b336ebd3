/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/root.h"
#include "cmdline/cmdline.h"

/* What a kernel does where no token says otherwise. */
struct kernel_facts {
        const char *release;          /* or NULL: not known */
        enum known intel_iommu_on;    /* CONFIG_INTEL_IOMMU_DEFAULT_ON */
        enum known iommu_passthrough; /* CONFIG_IOMMU_DEFAULT_PASSTHROUGH */
        enum known vfio_pci_builtin, vfio_iommu_type1_builtin, iommufd_builtin;
};

/* Of that release, or (NULL) of the kernel that runs; what its files do not tell stays unknown. 0 or -ENOMEM. */
int kernel_read(const struct root *root, struct arena *a, const char *release, struct kernel_facts *ret) _must_check_;
