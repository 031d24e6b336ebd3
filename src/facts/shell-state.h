/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A shell script command by command, in the order of its text: what its variables are, and whether it comes to that
 * command at all. It is read, never run.
 */

#include "base/str.h"
#include "facts/shell-words.h"

struct shell_command {
        struct strings words;
        uint64_t quoted;    /* by word: it has quotes */
        const char *target; /* of its standard output, or NULL */
        const char *before; /* the operator in front of it */
        const char *after;  /* the one behind it */
        unsigned line;
};

#define SHELL_DEPTH 32

struct shell_state {
        struct arena *arena;
        struct shell_words words;
        size_t at;
        struct shell_block {
                bool doubt;    /* whether it comes to that depends on something */
                bool asks;     /* its condition is being read */
                bool choice;   /* case: a word in front of ")" is a pattern */
                bool question; /* of the caller's: "case $1 in prereqs)" */
        } blocks[SHELL_DEPTH];
        size_t depth;
        struct shell_variable {
                const char *name;
                bool known;
                struct strings values; /* one of them: a loop's variable has many */
        } * variables;
        size_t n_variables;
        const char *function; /* a word that may be the name of one */
        struct shell_command last;
        bool chain;         /* "a && b": it depends on a */
        bool chained;       /* and a asks for what the text does not tell */
        bool rest;          /* all that follows depends on something: there was an exit */
        bool ended, broken; /* an exit for all; blocks that do not match */
};

void shell_state_begin(struct shell_state *s, struct arena *a, const char *text);
/* The next command that is no part of the script's own order; false: there is none. */
bool shell_state_next(struct shell_state *s, struct shell_command *ret);
/* Whether it comes to the command that was returned last depends on what the text does not tell. */
bool shell_state_doubts(const struct shell_state *s);
/* Behind the end: the blocks did not match. */
bool shell_state_lost(const struct shell_state *s);
/* What a word may be; false: that is not known. */
bool shell_state_expand(const struct shell_state *s, const char *word, struct strings *ret) _must_check_;
