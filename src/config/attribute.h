/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Attribute=NAME=VALUE, wherever it stands: a file below a device's sysfs directory, and what is written to it. */

#include "config/key-table.h"
#include "config/rule.h"

/* Adds to the list; the empty value empties it. False: it is no such value, and the caller says what would be right. */
bool attribute_parse(struct arena *a, const struct key_place *place, const char *value, struct attribute **list,
                     size_t *n) _must_check_;

#define ATTRIBUTE_RIGHT "NAME=VALUE, the name below the device's sysfs directory, such as d3cold_allowed=0"
