/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Units in a directory of a generator. After the first error nothing more is written there. */

#include <stdbool.h>
#include <stddef.h>

struct units {
        int dir;
        int error; /* -errno, or 0 */
};

/* The place of our units that need no generating. */
#define UNITS_STATIC "/usr/lib/systemd/system"

bool units_have(const struct units *u, const char *name);
/* A second unit of the same name is a fault, not a replacement. */
void units_write(struct units *u, const char *name, const char *text);
/* The same of a file that is no unit, in a directory of its own. */
void units_put(struct units *u, const char *name, const char *text, size_t size);

/*
 * by wants, or requires, the unit that is at target: a path of a unit, UNITS_STATIC for the one of that name there, or
 * NULL for the one written here.
 */
void units_want(struct units *u, const char *by, const char *unit, const char *target);
void units_require(struct units *u, const char *by, const char *unit, const char *target);
/* Nothing may start a unit of that name. */
void units_mask(struct units *u, const char *name);
