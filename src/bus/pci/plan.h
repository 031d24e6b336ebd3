/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "plan/planner.h"

void pci_take(struct planner *p, size_t entry, struct ops *ops);
void pci_give(struct arena *a, const struct device *d, const char *driver, struct ops *ops);
extern const char pci_udev_head[];
const char *pci_udev(struct arena *a, const struct rule *rule, bool *ret_whole);
