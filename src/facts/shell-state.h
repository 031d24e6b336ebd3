/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A shell script command by command, in the order of a run: it is read, never run. Understood are literal variables,
 * loops over words that are known, commands that leave the shell as it is, and what answers "prereqs". With anything
 * else doubt begins, and does not end: whether it comes to a command then, the text does not tell.
 */

#include "base/str.h"
#include "facts/shell-words.h"

struct shell_text {
        const char *text; /* as it stands there, if it is not known; NULL: there is none */
        bool known;
};

struct shell_command {
        struct shell_text *words;
        size_t n;
        struct shell_text target; /* of its standard output */
        unsigned line;
};

#define SHELL_DEPTH 8

struct shell_state {
        struct arena *arena;
        struct shell_words words;
        size_t at, work; /* work: how much may still be done */
        struct shell_loop {
                const char *name;
                struct strings values;
                size_t i, start, end; /* end: of the words, its "done" */
        } loops[SHELL_DEPTH];
        size_t depth;
        struct shell_variable {
                const char *name;
                struct shell_text value;
        } * variables;
        size_t n_variables;
        bool doubt;
        bool too_long; /* nothing is known of the script */
};

/* What is longer is not understood. */
#define SHELL_SCRIPT_MAX ((size_t)64 * 1024)
#define SHELL_LIST_MAX   1024 /* words, variables and the like */

void shell_state_begin(struct shell_state *s, struct arena *a, const char *text);
/* The next command that is no part of the script's own order; false: there is none. */
bool shell_state_next(struct shell_state *s, struct shell_command *ret);
