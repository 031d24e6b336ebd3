/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "facts/facts.h"

/*
 * Judges a kernel command line, that of the machine below root where line is NULL, and prints what is found: the exit
 * status, 1 where an error is found. name is who says what goes wrong.
 */
int findings_print(const struct root *root, const struct facts_sources *sources, const char *line, bool json,
                   const char *name);
