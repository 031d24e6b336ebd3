/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How many virtual functions a function could have, whoever drives it (Documentation/ABI/testing/sysfs-bus-pci). */

#include "bus/bus.h"

struct pci_functions {
        enum tristate capable; /* UNKNOWN: that cannot be read */
        uint32_t most;         /* of YES */
};

void pci_functions_look(const struct root *root, const struct device *d, struct pci_functions *ret);
