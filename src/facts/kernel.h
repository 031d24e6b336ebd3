/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>

#include "base/root.h"
#include "cmdline/cmdline.h"

/* What a kernel does where no token says otherwise. */
struct kernel_facts {
        const char *release;    /* or NULL: not known */
        const char *config;     /* the file that the next seven are from, or NULL */
        enum cpu_arch arch;     /* what it is built for */
        enum known iommu_built; /* a driver for the IOMMU of an architecture other than x86 */
        enum known intel_iommu_built, amd_iommu_built;
        enum known intel_iommu_on;    /* CONFIG_INTEL_IOMMU_DEFAULT_ON */
        enum known intel_iommu_most;  /* Debian's CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: on, but for its graphics */
        enum known iommu_passthrough; /* CONFIG_IOMMU_DEFAULT_PASSTHROUGH */
        enum known vfio_pci_builtin, vfio_iommu_type1_builtin, iommufd_builtin;
};

/* Whether a release is that version or a later one. */
static inline enum known kernel_since(const char *release, unsigned major, unsigned minor)
{
        unsigned v[2];

        if (!release || sscanf(release, "%u.%u", &v[0], &v[1]) != 2)
                return NOT_KNOWN;
        return v[0] > major || (v[0] == major && v[1] >= minor) ? KNOWN_YES : KNOWN_NO;
}

/* Reads the files of that release, or (NULL) of the running kernel; what they do not tell stays unknown. */
void kernel_read(const struct root *root, struct arena *a, const char *release, struct kernel_facts *ret);
