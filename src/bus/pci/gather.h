/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The steps of gathering PCI functions, one file each. */

#include "bus/pci/files.h"
#include "bus/pci/pci.h"
#include "facts/facts.h"

struct pci_scan {
        const struct root *root;
        struct arena *arena;
        const struct facts_request *request;
        struct facts *facts; /* with PCI functions alone */
        struct pci_parent parent;
};

static inline struct pci_function *pci_own(struct device *d)
{
        return (struct pci_function *)d->own;
}

/* IDs, class and roles of a function; whether it can tell. */
bool pci_identify(struct pci_scan *x, struct device *d);
/* Its serial numbers. */
void pci_serial(const struct pci_scan *x, const struct pci_dir *dir, struct device *d);
/* The second pass: details of the devices that matter. */
void pci_details(struct pci_scan *x);
