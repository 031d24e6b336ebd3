/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Carries out what makes virtual functions. Each write is a child's: the kernel waits there for drivers and for guests.
 */

#include "plan/sriov.h"

enum sriov_end {
        SRIOV_DONE,
        SRIOV_FAILED,  /* what failed is the last problem; drivers of the host have new functions again */
        SRIOV_USELESS, /* all was tried, and what failed leaves a function of no use */
};

/*
 * The operations of one parent in one phase. patience: seconds for each write, and for a setting that the driver is not
 * ready for. What fails and may is a problem, and the rest goes on. Below a root that is no machine, what goes through
 * netlink is a line of SRIOV_TRACE.
 */
enum sriov_end act_sriov(const struct root *root, const struct plan *plan, size_t parent, enum sriov_phase phase,
                         unsigned patience, struct arena *a, struct diags *problems);

#define SRIOV_TRACE "/passthrough-netlink"
