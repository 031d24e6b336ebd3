/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Who is who. Pure; it takes facts that were gathered with identities. */

#include "facts/facts.h"

enum fit {
        FIT_PCIE_SERIAL,
        FIT_DISK_SERIAL,
        FIT_PATH,
        FIT_SLOT,
        FIT_MAX_,
};

extern const char *const fit_names[FIT_MAX_];

/* Not one that makers give to devices without a number of their own: all zeros, or all ff. */
bool identity_is_number(const char *serial);
/* The device's mark of that kind, where it tells the device from all others that are here; else NULL. */
const char *identity_mark(const struct facts *facts, const struct device *d, enum mark mark);
/* Its serial number, where it tells the device from all others and can be a word of [Match]; else NULL. */
const char *identity_word(const struct facts *facts, const struct device *d);
/* Whether it could be that one, for all that it tells: enough to leave it alone. */
bool identity_may_be(const struct clearance_device *r, const struct device *d);
/* The one device that fits a record best, or NO_DEVICE; *why is set to a reason only where one is to be said. */
size_t identity_find(const struct facts *facts, const struct clearance_device *r, enum fit *ret_how, const char **why);
