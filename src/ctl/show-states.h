/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What show asks of the machine beside the plan: beside its entries, which driver has a device now, and its node. */

#include "ctl/ctl.h"
#include "report/shown.h"

/* The driver that has it now, or NULL; of what is claimed, the bus tells. */
const char *show_driver(struct ctl *c, const struct device *d);
const enum shown_state *show_states(struct ctl *c);
/* The nodes in /dev/vfio/devices, NULL for those that have none. */
const char *const *show_vfio(struct ctl *c);
