/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Colour for people: on a terminal, unless NO_COLOR or SYSTEMD_COLORS have it otherwise. */

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
void colour_put(FILE *f, enum colour colour, int width, const char *s);
/* That of the word for a state or an action. */
enum colour colour_of(const char *state);
