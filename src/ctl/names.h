/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What people call devices: vendor and device names of the hardware database (hwdb(7)), through libsystemd, which is
 * loaded only here. Without it, or the database, there are no names, and nothing else changes.
 */

#include "facts/facts.h"
#include "report/listing.h"

/* By position in facts->devices; the root's database where it has one, else that of this host. */
void names_look_up(const struct root *root, const struct facts *facts, struct arena *a, struct pci_name **ret);
/* The same of those devices alone that the plan has, which are few. */
void names_look_up_planned(const struct root *root, const struct plan *plan, struct arena *a, struct pci_name **ret);
