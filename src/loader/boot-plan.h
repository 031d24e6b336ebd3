/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a loader's plan is made with. Where a bool is returned, false says that there is a problem, and nothing is
 * written. */

#include "loader/loader.h"

struct boot_planner {
        const struct boot_facts *facts;
        const struct owned *owned;
        struct boot_plan *plan;
        struct arena *arena;
};

void boot_plan_note(struct boot_planner *p, const char *text);
/* Returns false. */
bool boot_plan_problem(struct boot_planner *p, const char *text);
/* A file that is to read like new (NULL: is to go), with those tokens added; nothing where it does already. */
void boot_plan_add(struct boot_planner *p, const char *path, const char *old, const char *new, struct strings added);
bool boot_plan_wants(const struct boot_planner *p, const char *token);
/* Tokens of ours that the config no longer needs. A file that has come since took them over from the others. */
struct strings boot_plan_stale(struct boot_planner *p, const char *path);
/* Wanted tokens that the line has not. */
struct strings boot_plan_missing(struct boot_planner *p, struct span line);
/* The command that generates the menu, where something is written for it, or its last run did not see what is there. */
void boot_plan_command(struct boot_planner *p, const char *command);

/* loader.c: one more line. */
void boot_line_add(struct arena *a, struct boot_lines *lines, const char *path, const char *text, bool entry);
/* Likewise: one more kernel; the images come after. */
struct boot_kernel *boot_kernel_add(struct arena *a, struct boot_kernels *kernels, const char *where);
