/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The words of a shell script (POSIX, 2.3 Token Recognition), as far as its text tells: it is read, never run. */

#include <stdbool.h>

#include "base/arena.h"

struct shell_word {
        const char *text; /* without quotes; "$NAME" and "$(...)" as they stand there */
        bool quoted;      /* some of it is: it stays one word */
        bool strange;     /* has more than literal text, $NAME and ${NAME}: a glob, a command, other parameters */
        /*
         * ";", "&&", "|", ")", "\n" and the like. Redirections: ">" of standard output to a file, "2>" of another
         * descriptor, "<" for all else.
         */
        bool op;
        unsigned line; /* that it begins on, from 1 */
};

struct shell_words {
        struct shell_word *v;
        size_t n;
        bool unclosed; /* a quote is: what is a word is not known */
};

void shell_words_read(struct arena *a, const char *text, struct shell_words *ret);
/* How many characters at c are the name of a variable. */
size_t shell_name_length(const char *c);
