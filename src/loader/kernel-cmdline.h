/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* /etc/kernel/cmdline, which kernel-install puts into the entries of new kernels (kernel-install(8)). */

#include "loader/boot-plan.h"

/* make: where the file is missing it is made of what kernel-install would take. */
bool kernel_cmdline_plan(struct boot_planner *p, bool make);
void kernel_cmdline_length(const struct boot_facts *facts, struct arena *a, struct lengths *ret);
void kernel_cmdline_lines(const struct boot_facts *facts, struct arena *a, struct boot_lines *ret);
/* A line of it is one: mkinitcpio and sdbootutil leave that out, and kernel-install does not. */
bool kernel_cmdline_has_comment(const char *text);
char *kernel_cmdline_without(struct arena *a, const char *text, struct strings tokens);
