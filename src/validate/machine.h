/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cmdline/cmdline.h"
#include "facts/facts.h"

/* What a kernel command line of this machine is judged for. 0 or -errno. */
int validate_machine(const struct root *root, struct arena *a, const struct facts_sources *sources,
                     struct cmdline_machine *ret) _must_check_;
/* The same, of facts that were gathered with use. */
void validate_machine_of(const struct root *root, struct arena *a, const struct facts *facts,
                         struct cmdline_machine *ret);
