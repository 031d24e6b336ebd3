/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What list tells of each device. */

#include "plan/handover.h"

/* As the hardware database has it; "" where it does not say. */
struct pci_name {
        const char *vendor, *device;
};

struct listing {
        const struct plan *plan;
        const struct pci_name *names; /* these two beside the devices of its facts */
        const struct handover *handovers;
};

/* "VENDOR DEVICE", as far as it is known. */
void text_name(FILE *f, const struct pci_name *name);
