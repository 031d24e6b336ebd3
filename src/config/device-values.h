/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Values of [Device] that stay text, brought into one spelling below the arena; false: it is no such value. The empty
 * one, which resets the key, does not come here.
 */

#include <stdbool.h>

#include "base/arena.h"

/* "default", or methods of resetting a function in the order they are to be tried, separated by one blank. */
bool value_reset_method(struct arena *a, const char *value, const char **ret) _must_check_;
/* A user's or a group's name or number. */
bool value_owner(struct arena *a, const char *value, const char **ret) _must_check_;
/* The mode of a device node: octal, four digits. */
bool value_mode(struct arena *a, const char *value, const char **ret) _must_check_;
