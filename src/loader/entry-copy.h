/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Copies of entries, and the images that entries load. */

#include "loader/entry.h"

/* The entry that boots that kernel, or with release NULL the newest; NULL: there is none of ours. */
const struct boot_file *entry_copied(const struct boot_facts *facts, const char *release);
/* Its text, behind all others in the menu, with a mark in its title and those tokens for ours. */
char *entry_copy(const struct boot_facts *facts, struct arena *a, const struct boot_file *entry, const char *mark,
                 struct strings tokens, const struct owned *owned);
/* The path of another file in its directory. */
const char *entry_beside(struct arena *a, const char *path, const char *name);

/* True if an entry's value is the path of that file, on whichever file system it is. */
bool entry_names(struct span value, const char *file);
/* The text with another image of the same directory in the place of target; NULL: it does not load target. */
char *entry_with_image(struct arena *a, const char *text, const char *target, const char *image);

/* The same of a whole entry, and of any there is, ours or not. */
bool entry_loads_image(const char *text, const char *image);
bool entry_loaded_by_any(const struct boot_facts *facts, const char *image);
/* Our entries that load an image are planned to load another of its directory, beside what else is planned for them. */
void entry_plan_image(struct boot_plan *plan, struct arena *a, const char *target, const char *image);

/* ---- parts of struct oneshot */
bool entry_loads(const struct boot_facts *facts, const char *release, const char *image);
void entry_trial(const struct boot_facts *facts, struct arena *a, const struct trial *trial, struct strings tokens,
                 const struct owned *owned, struct change *ret);
const char *entry_trial_lacks(const struct boot_facts *facts, struct arena *a, const struct change *made,
                              struct entry_front front);
