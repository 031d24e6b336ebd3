/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config/rule.h"
#include "facts/facts.h"

/*
 * Whether the rule makes the device: one of its parent's virtual functions, or a mediated device with a UUID of the
 * rule. What matches is the parent.
 */
bool match_makes(const struct rule *rule, const struct facts *facts, const struct device *d);

/* Which of those it is: a virtual function's index, or the position of the UUID; UINT32_MAX: that is not known. */
uint32_t match_made_index(const struct rule *rule, const struct facts *facts, const struct device *d);

/* The device that no other makes: of a mediated device of a virtual function, that one's parent. NULL: not here. */
const struct device *match_maker(const struct facts *facts, const struct device *d);

/* Host= and Product=: whether the rule is meant for this machine. */
enum tristate match_machine(const struct rule *rule, const struct facts *facts);

/* Whether passthrough.skip= names the rule. */
bool match_is_skipped(const struct words *skip, const char *rule);

/* A word of ID= or Subsystem=, "10de:*", and an ID; UNKNOWN: that is "". */
enum tristate match_id(const char *word, const char *id);

/* Address= and Path= alone, which need nothing but the function's place. */
bool match_place(const struct rule *rule, const struct facts *facts, const struct device *d);

/* Every key but Address=, Path= and Slot=, and those of the machine. */
bool match_apart_from_place(const struct rule *rule, const struct facts *facts, const struct device *d);

/* The same and those of the machine, as far as is known: what a fact that is not known leaves open may match. */
bool match_may(const struct rule *rule, const struct facts *facts, const struct device *d);

/* Every other key of [Match]. A fact that is not known holds neither for a key nor for its negation. */
bool match_device(const struct rule *rule, const struct facts *facts, const struct device *d);

/*
 * A rule of a bus with on_others: whether it means what will be on the device and does not show yet, with a name that
 * nobody knows.
 */
enum tristate match_on(const struct rule *rule, const struct facts *facts, const struct device *carrier);
