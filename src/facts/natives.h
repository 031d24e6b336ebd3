/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which drivers the host would have for a device. */

#include "facts/facts.h"

/*
 * For each of n devices (by position) the modules that are loaded and say that they serve it, "radeon, amdgpu"; NULL:
 * none, or it is not known.
 */
void natives_loaded(const struct root *root, struct arena *a, const struct facts *facts, const size_t *devices,
                    size_t n, const char **ret);
/* The same of all modules that the running kernel has. */
void natives_known(const struct root *root, struct arena *a, const struct facts *facts, const size_t *devices, size_t n,
                   const char **ret);
