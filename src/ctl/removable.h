/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Devices that come and go: behind Thunderbolt or USB4, in a slot that can be switched, an ExpressCard. */

#include "facts/facts.h"

/* False: it stays, or that does not show. */
bool removable_is(const struct root *root, struct arena *a, const struct device *d) _must_check_;
