/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What udev has a device for, by its database: a claim, see plan/claims-udev.h. */

#include "base/root.h"
#include "bus/bus.h"

/*
 * Whether the device whose numbers are in that file, "189:3", is claimed for the rule ("": for any), or (wanted false)
 * no more. On a live machine udev has some seconds to come to it.
 */
bool await_claim(const struct root *root, const char *numbers, const char *rule, bool wanted);

/* udev comes to the end of what has happened so far, or has had some seconds for it. */
void await_queue(const struct root *root);

/* udevd reads its rules anew, where they have changed: by itself it looks every three seconds. */
void await_reload(const struct root *root);
/* Has udev ask anew who is to have the device, which may have gone meanwhile. Nothing is waited for. */
void await_ask(const struct root *root, struct arena *a, const struct device *d);
