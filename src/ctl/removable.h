/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Devices that come and go: behind Thunderbolt, USB4 or another port that leads outside. */

#include "facts/facts.h"

/* False: it stays, or that does not show. */
bool removable_is(const struct root *root, struct arena *a, const struct device *d) _must_check_;
