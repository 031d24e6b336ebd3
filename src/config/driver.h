/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The meaning of Driver=: which drivers are VFIO's, and which modules they need. */

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

struct arena;
struct rule;

/* The default of Driver=, and the value of Driver=auto if no variant driver serves the device. */
#define DRIVER_VFIO_PCI "vfio-pci"

/* An initrd that comes behind another has modules of its own there, below the kernel's release. */
#define DRIVER_CARRIED PASSTHROUGH_LIBEXEC "/modules/"

/* True if a program may open a device through VFIO once it has this driver. NULL: no driver. */
bool driver_is_vfio(const char *driver);

/* True if the host itself does nothing with a device that has this driver: VFIO's, and pci-stub. */
bool driver_sets_aside(const char *driver);

/* VFIO's half that programs reach the IOMMU through (drivers/vfio/Makefile); POWER has one of its own. */
const char *driver_iommu_module(bool power);

#define DRIVER_MODULES_MAX 2
/* The modules that must be there for a driver, its own first; none for NULL. Returns how many. */
size_t driver_modules(const char *driver, const char *ret[static DRIVER_MODULES_MAX]);

/*
 * What a module gets behind all other options whenever we load it, "" for most. vfio-pci and pci-stub give themselves
 * whatever has the IDs of ids= and no driver yet (vfio_pci_fill_ids(), pci_stub_init()): rules say what they get, and
 * ids= without a value means nothing. '-' and '_' are one.
 */
const char *driver_options(const char *module);

bool driver_needs_module(const char *driver, const char *module);
/* Adds those of them that the list does not have yet. */
void driver_add_modules(const char *driver, struct arena *a, const char ***list, size_t *n);

/* The driver that a rule names, or falls back to; NULL where the host keeps the device, or its bus has none to choose.
 */
const char *driver_of_rule(const struct rule *rule);
