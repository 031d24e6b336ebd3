/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Devices that udev has for a rule: PASSTHROUGH_RULE in its database says so, from their event on. */

#include "bus/bus.h"

#define CLAIM_RULE "PASSTHROUGH_RULE" /* of what is claimed, and of all below it */
#define CLAIM_SEEN "PASSTHROUGH_SEEN" /* of an interface that was given a driver in place of an initrd's claim */
#define CLAIM_FROM "PASSTHROUGH_FROM" /* of an interface of it: the driver that had it before */

/* Of a character device: claim and claim_from. */
void claim_read(const struct root *root, struct arena *a, struct device *d);
