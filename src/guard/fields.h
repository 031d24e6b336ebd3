/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Tables in text files, a row on each line: fstab(5), crypttab(5), /proc/net/route and the like. */

#include <stdbool.h>

#include "base/arena.h"

/* The next line of a text, and where it ends; NULL at the end. */
const char *guard_line(const char **text, const char **ret_end);
/* The fields of the next line, with "\040" and the like as what they stand for. False at the end. */
bool guard_fields(struct arena *a, const char **text, const char ***ret, size_t *ret_n);
