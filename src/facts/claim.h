/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Devices that udev has for a rule: PASSTHROUGH_RULE in its database says so, from their event on. */

#include "bus/bus.h"

#define CLAIM_RULE    "PASSTHROUGH_RULE"    /* of what is claimed, and of all below it */
#define CLAIM_DECIDED "PASSTHROUGH_DECIDED" /* of a USB device that udev has decided on, and of all below it */
#define CLAIM_SEEN    "PASSTHROUGH_SEEN"    /* of an interface that was given a driver in place of an initrd's claim */
#define CLAIM_FROM    "PASSTHROUGH_FROM"    /* of an interface of it: the driver that had it before */

/*
 * What udev's database has: of a character device under "c189:3", of others under "+usb:1-2:1.0" (systemd's
 * sd-device, device_get_device_id()). NULL: nothing, or it cannot be read.
 */
const char *claim_entry(const struct root *root, struct arena *a, const char *id);
/* A property of an entry; NULL: it has none of that name, or an empty one. */
const char *claim_property(struct arena *a, const char *entry, const char *name);
/*
 * Whether an entry (or NULL) was made for another device than the one with that ID and serial number (or NULL): its
 * numbers are given to the next device, which udev may not have heard of yet. What it does not tell is not compared.
 */
bool claim_is_of_another(struct arena *a, const char *entry, const char *id, const char *serial);
