/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Logins on serial ports, which the generator masks where a rule takes the port. */

#include "base/root.h"

/*
 * After the record says that the port was given back: its login can be started again, until the next boot. Whether it
 * could not be before.
 */
bool logins_unmask(const struct root *root, struct arena *a, const char *port);
