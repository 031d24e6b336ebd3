/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Stretches of a text: its lines, and the tokens on a kernel command line, cut where the kernel cuts them. */

#include <stdbool.h>

#include "base/str.h"

struct span {
        const char *at;
        size_t length;
};

static inline struct span span_of(const char *text)
{
        return (struct span){text, strlen(text)};
}

/* Takes the next line off a text, without its newline; false at its end. */
bool span_line(const char **text, struct span *ret);
/* The next token of a line, split at blanks that no quotes hide; false at its end, or at "--": the rest is init's. */
bool span_token(struct span *line, struct span *ret);
/* The n-th token of a line, from 0 on; empty where there are fewer. */
struct span span_field(struct span line, unsigned n);
bool span_is(struct span s, const char *text);
bool span_has(struct span line, const char *token);
/* The value of the first token that begins with name, which ends in "=". */
bool span_value(struct span line, const char *name, struct span *ret);
/* Characters of a line, with one blank between two tokens; what is behind "--" counts as well. */
size_t span_characters(const char *line);

/* A copy of text in which what is at old reads like new. */
char *span_replace(struct arena *a, const char *text, struct span old, const char *new);
/* The line with the tokens behind its own, but in front of "--". */
char *span_with(struct arena *a, struct span line, struct strings tokens);
/* The line without those tokens. */
char *span_without(struct arena *a, struct span line, struct strings tokens);
