/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What people call a device: the hardware database's names, less what only lawyers say, and the kernel's. */

#include "guard/evidence.h"
#include "report/cell.h"

/* As the hardware database has it; "" where it does not say. */
struct pci_name {
        const char *vendor, *device;
};

/* "NVIDIA GeForce RTX 3080"; the ID where the database has no name. */
const char *model_short(struct arena *a, const struct device *d, const struct pci_name *name) _must_check_;
/* "GeForce RTX 3080": the same without who made it. */
const char *model_bare(struct arena *a, const char *model, const struct pci_name *name) _must_check_;
/* "NVIDIA Corporation GA102 [GeForce RTX 3080]", as far as it is known. */
const char *model_full(struct arena *a, const struct pci_name *name) _must_check_;
/* Disks, interfaces and terminals that are on the device: "nvme0n1". */
struct strings model_nodes(struct arena *a, const struct facts *facts, size_t device) _must_check_;
/* All of these, for a row: of many nodes the first. */
struct cell_device model_cell(struct arena *a, const struct facts *facts, size_t device,
                              const struct pci_name *name) _must_check_;
