/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The parts of facts_gather(), one file each. */

#include "facts/facts.h"

/* facts_group() needs it. */
void facts_index_groups(struct arena *a, struct facts *facts);
/* facts_is_below() needs it. */
void facts_index_below(struct arena *a, struct facts *facts);
void modules_gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts);
/* What of these a kernel has, by its lists: what no list has is absent; where there is no list, nothing is said. */
void modules_look_up(const struct root *root, struct arena *a, const char *kernel, struct module *modules, size_t n);
void modules_look_loaded(const struct root *root, struct arena *a, struct module *modules, size_t n);
void modules_gather_builtin(const struct root *root, struct arena *a, struct facts *facts);
