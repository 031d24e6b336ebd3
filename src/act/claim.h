/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What udev has a device for, by its database: a claim, see plan/claims-udev.h. */

#include "base/root.h"

/*
 * Whether the device of that file of udev's database, "/run/udev/data/c189:3", is claimed for the rule, or (wanted
 * false) no more. On a live machine udev has some seconds to come to it.
 */
bool claim_wait(const struct root *root, const char *file, const char *rule, bool wanted);

/* udevd reads its rules anew, where they have changed: by itself it looks every three seconds. */
void claim_reload(const struct root *root);
