/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What became of huge pages, in the journal. */

#include "state/record.h"

void log_pool(const struct root *root, const struct record_pool *pool);
