/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The command that leads on from what list shows. */

#include "report/listing.h"
#include "report/screen.h"
#include "report/types.h"

/* From the whole list. */
void list_next(const struct screen *s, const struct listing *list, const struct list_table *t);
/* From what it says of one device. */
void list_next_of(const struct screen *s, const struct listing *list, size_t device);
/* From the types of virtual GPUs that n devices offer. */
void list_next_types(const struct screen *s, const struct listing *list, const struct types_of *found, size_t n);
