/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Other programs, run and waited for; never on the way of a boot. */

#include "base/arena.h"

/* The path of a program: as $PATH has it, then in the places where systems have theirs. NULL where it is not there. */
const char *program_find(struct arena *a, const char *name);

/* All that it says in *ret_said: its exit status (128 and more: killed by a signal), or -errno. */
int program_run(const char *const *argv, struct arena *a, const char **ret_said) _must_check_;
/* Likewise, with standard output alone in *ret, followed by a NUL byte. */
int program_output(const char *const *argv, struct arena *a, char **ret, size_t *ret_size) _must_check_;
