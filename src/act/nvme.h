/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * An NVMe controller that gives queues and interrupts to its virtual functions: the Virtualization Management command
 * of the NVM Express Base Specification, through its driver (linux/nvme_ioctl.h).
 */

#include "base/diag.h"
#include "base/root.h"
#include "plan/sriov.h"

/* What a primary controller has to give; NULL: nobody has asked yet. */
struct nvme;

/*
 * Tells the controller what an OP_NVME says. count: how many virtual functions share; patience: seconds that it has to
 * become ready. NVME_DONE: there was nothing to do. -EIO: it is a problem.
 */
#define NVME_DONE 1
int nvme_tell(const struct root *root, struct nvme **nvme, const struct sriov_op *op, uint32_t count, unsigned patience,
              struct arena *a, struct diags *problems) _must_check_;
void nvme_close(struct nvme **nvme);
