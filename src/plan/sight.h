/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whether this moment sees as much of the host as the one that wrote the clearance, and sees what does the job now that
 * a device of it did then. What was withheld stands until then. Pure.
 */

#include "facts/facts.h"

/*
 * The record by which the host needed the device, where that still holds; else NULL. Whichever rule it was recorded
 * for: a rule's text says nothing of what the host needs.
 */
const struct clearance_device *sight_withheld(const struct facts *facts, const struct device *d);
/* Whether such a record holds, wherever its device is. */
bool sight_stands(const struct facts *facts, const struct clearance_device *r, const struct device *d);
/* Whether the device's kind shows so far that it may be cleared for a boot in which it does not. */
bool sight_clears(const struct facts *facts, const struct device *d);
