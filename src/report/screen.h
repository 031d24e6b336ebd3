/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What people read goes onto a screen: as wide as theirs is, and in the letters that it has. */

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"

/* The width of a pipe or a file: nobody breaks its lines. */
#define SCREEN_WIDE 100000

struct screen {
        FILE *f;
        struct arena *arena;
        size_t width; /* columns, or SCREEN_WIDE */
        bool utf8;
};

/* A terminal is as wide as it says, else as $COLUMNS does, else 80 columns. */
struct screen screen_of(FILE *f, struct arena *a) _must_check_;

/* The same text in letters that the screen has: "<-" for an arrow, "?" for what it has none for. */
const char *screen_letters(const struct screen *s, const char *text) _must_check_;
/* How many columns a text takes, a letter one. */
size_t screen_columns(const char *text) _must_check_;
/* Words are left out at its end until it takes no more than so many columns; a sign stands for them. */
const char *screen_fit(const struct screen *s, const char *text, size_t columns) _must_check_;
/*
 * The text, and the end of its line. The first word comes at column `at`, where the cursor is; where the next would be
 * past the edge, the line is broken before it and goes on at column `indent`.
 */
void screen_wrap(const struct screen *s, size_t at, size_t indent, const char *text);
/* So many blanks. */
void screen_skip(const struct screen *s, size_t columns);
