/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The command that leads on from what list shows. */

#include "report/listing.h"
#include "report/screen.h"

/* From the whole list. */
void list_next(const struct screen *s, const struct listing *list, const struct list_table *t);
/* From what it says of one device. */
void list_next_of(const struct screen *s, const struct listing *list, size_t device);
