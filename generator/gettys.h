/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* No login on the serial ports that rules of passthrough.d(5) hand over, whoever asks for one. */

#include "config/rule.h"
#include "facts/facts.h"
#include "units.h"

/*
 * Masks in early, which comes before what is enabled in /etc, those of ports that rules have by name. The others are
 * held back when they are about to start: udev has noted by then whether a rule has the port. facts: the switches and
 * the machine. 0 or -errno.
 */
int gettys_mask(const struct root *root, struct arena *a, const struct config *config, const struct facts *facts,
                struct units *early, struct units *normal);
