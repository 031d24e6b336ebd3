/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What is wrong, said where it is known and printed once, by main. A diag is about a place in a file
 * ("file:line: message"), about a device, or about neither.
 */

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"

enum diag_level {
        DIAG_WARNING,
        DIAG_ERROR,
};

struct diag {
        enum diag_level level;
        const char *file; /* NULL: not about a file */
        unsigned line;    /* 0: about the file as a whole */
        const char *message;
};

struct diags {
        struct arena *arena;
        struct diag *v;
        size_t n, n_errors;
};

void diag_add(struct diags *d, enum diag_level level, const char *file, unsigned line, const char *format, ...)
        _printf_(5, 6);

/* "file:line: message", without a newline. */
void diag_print(FILE *f, const struct diag *d);
void diags_print(FILE *f, const struct diags *d);
