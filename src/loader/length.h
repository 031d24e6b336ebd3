/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How long the lines are that the kernel gets, in characters, and what it takes: COMMAND_LINE_SIZE less its NUL. */

#include "loader/loader.h"

enum length_fit {
        LENGTH_FITS,
        LENGTH_NEARLY_TOO_LONG,
        LENGTH_TOO_LONG,
};

struct length {
        const char *what; /* it is the length of */
        size_t characters;
};

struct lengths {
        struct length *v;
        size_t n;
};

enum length_fit length_fits(size_t characters);
/* A sentence, where it does not fit well. */
const char *length_text(struct arena *a, const char *what, size_t characters);
void length_add(struct arena *a, struct lengths *lengths, const char *what, size_t characters);
/* Why a line would be too long, or NULL; the plan gets notes of those that are long. */
const char *length_problem(struct boot_plan *plan, struct arena *a);
