/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What stands in one column of a row. */

#include "report/paint.h"
#include "report/screen.h"

#define CELL_GAP 2 /* between columns */

/* What people call a device: its model, the same without who made it, and the kernel's names; "" for none. */
struct cell_device {
        const char *model, *bare, *nodes;
};

/* In so many columns: the end of the model gives way first. */
const char *cell_device(const struct screen *s, const struct cell_device *device, size_t columns) _must_check_;
/* The text, blanks up to the end of its column, and the gap. */
void cell_put(const struct screen *s, enum colour colour, size_t columns, const char *text);
/* *width, or what the text takes, if that is more. */
void cell_widen(const struct screen *s, size_t *width, const char *text);
