/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Rules that had their devices until now, and are refused one of them from the next boot on. */

#include "state/record.h"

/*
 * By position in config->rules: "RULE worked until now, ...", with why, and what to do; NULL where there is no such
 * thing to say. plan: of the next boot. What worked shows in this boot's record and in the clearance of the last image.
 */
const char **worked_find(const struct root *root, struct arena *a, const struct plan *plan);
