/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the texts are painted with. */

#include <stdbool.h>
#include <stdio.h>

enum colour {
        PLAIN,
        BOLD,
        GREEN,
        YELLOW,
        RED,
        GREY,
};

/* Pads to width, which the escape sequences do not count for. */
void paint(FILE *f, enum colour colour, int width, const char *s);
/* Of a state, action or the like. */
enum colour colour_of(const char *state);
/* A line about huge pages, likewise. */
void put_pool(FILE *f, const char *size, const char *place, const char *pages, const char *state, const char *reason);

/* Whether the locale's letters are those of UTF-8. */
bool paint_utf8(void);

/* The lines of a tree, in letters where the terminal has no others. */
enum branch {
        BRANCH,      /* more follow */
        LAST_BRANCH, /* none does */
        TRUNK,       /* past one that more follow */
        NO_TRUNK,
};

const char *branch(enum branch b);
