/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "base/root.h"
#include "units.h"

/*
 * Copies of the rules that systemd was given as credentials, beside the units (config/config.h): systemd hides its
 * credentials from every service that does not ask for them by name, and from every user.
 */
void credentials_copy(const struct root *root, struct arena *a, struct units *u);
