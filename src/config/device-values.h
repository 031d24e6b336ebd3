/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Values of [Device] that go to the kernel as text, brought into one spelling below the arena; false: it is no such
 * value.
 */

#include <stdbool.h>

#include "base/arena.h"

/* "default", or methods of resetting a function in the order they are to be tried, separated by one blank. */
bool value_reset_method(struct arena *a, const char *value, const char **ret) _must_check_;
/* A user's or a group's name or number. */
bool value_owner(struct arena *a, const char *value, const char **ret) _must_check_;
/* Of a device node: octal, four digits. */
bool value_mode(struct arena *a, const char *value, const char **ret) _must_check_;
