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

/* Whether the locale's letters are those of UTF-8. */
bool paint_utf8(void);
