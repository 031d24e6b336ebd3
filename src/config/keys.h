/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Fills a rule from one file of it: the table of the keys that passthrough.d(5) documents. */

#include "config/rule.h"

/* Which buses Bus= may name, NULL behind the last, and the one whose words [Match] has. */
struct keys {
        const struct bus_syntax *const *buses;
        const struct bus_syntax *bus;
};

/*
 * text must be followed by a NUL byte and is overwritten. What is wrong becomes diags; the caller looks at their
 * number. A second file (a drop-in) extends: lists are added to, single values replaced. Where rule->bus is not
 * keys->bus in the end, all has to be read again by that one. rule->unread is set where it is not a key of [Device]
 * that is wrong.
 */
void keys_parse(const struct keys *keys, struct arena *a, struct diags *diags, const char *file, char *text,
                size_t size, struct rule *rule);

/* True if some key of [Match] tells which devices are meant. */
bool keys_name_device(const struct rule *rule);

/* What only shows once all files of a rule are read: faults become diags, and what Driver= is without a value is set.
 */
void keys_check(struct arena *a, struct diags *diags, struct rule *rule);
