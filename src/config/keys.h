/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Fills a rule from one file of it: the table of the keys that passthrough.d(5) documents. */

#include "config/rule.h"

/*
 * text must be followed by a NUL byte and is overwritten. What is wrong becomes diags; the caller looks at their
 * number. A second file (a drop-in) extends: lists are added to, single values replaced. 0 or -errno (fatal).
 */
int keys_parse(struct arena *a, const char *file, char *text, size_t size, struct diags *diags,
               struct rule *rule) _must_check_;

/* What only shows once all files of a rule are read: 0; faults become diags about the rule's file. */
void keys_check(struct diags *diags, const struct rule *rule);
