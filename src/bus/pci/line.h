/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The interrupt line (INTx) of a function that can interrupt in no other way, and who else is on it. */

#include "facts/facts.h"

struct pci_line {
        uint32_t irq; /* 0: it has MSI or MSI-X, it never interrupts, or what it has does not show */
        /*
         * The function is known to have the bit by which VFIO keeps it off the line, and so shares that. Without the
         * bit VFIO wants the line for itself (drivers/vfio/pci/vfio_pci_intrs.c, vfio_intx_set_signal()). Only a write
         * tells for sure.
         */
        bool shares;
        /* Functions whose drivers have their interrupts from that line, in the order of their addresses. */
        struct pci_neighbour {
                size_t device;
                const char *driver;
        } * neighbours;
        size_t n_neighbours;
};

/* device: one of this bus. */
void pci_line_look(const struct root *root, struct arena *a, const struct facts *facts, size_t device,
                   struct pci_line *ret);
