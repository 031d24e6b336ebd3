/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Why no device is in an IOMMU group. */

#include "check/row.h"

struct iommu_cause {
        const char *what, *fix;
        bool firmware; /* it is not the kernel's doing */
        bool unknown;  /* whether the machine has an IOMMU does not show */
};

/* Whether the machine is of an architecture that is known and is not x86. */
bool iommu_is_elsewhere(const struct checker *c);
/* Where such a machine's firmware describes it, or NULL. */
const char *iommu_table_elsewhere(const struct checker *c);
void iommu_cause_elsewhere(struct checker *c, struct iommu_cause *ret);
