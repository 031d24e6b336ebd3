/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A command line while it is judged, and what was found in it so far. */

#include <stdint.h>

#include "cmdline/cmdline.h"

#define SIZES_MAX 16

struct judge {
        const struct cmdline_machine *machine;
        struct arena *arena;
        struct findings *findings;
        const struct token *tokens;
        size_t n_tokens;
        const char **right; /* by token: what is right to write in its place, or NULL: it may stay */

        /* Huge pages: what the kernel has read when it comes to the next token of theirs. */
        struct huge_size {
                const struct token *token, *counted; /* counted: its hugepages= */
                uint64_t size, count;
                bool asked;          /* a hugepages= was for it, whatever it was worth */
        } sizes[SIZES_MAX], unnamed; /* unnamed: the default size, while no token names one */
        size_t n_sizes;
        struct huge_size *current;      /* which a count is for */
        struct huge_size *counted_last; /* which the last count was for */
        struct huge_size *default_size; /* what default_hugepagesz= names */
        bool invalid_size;              /* the last size was not valid, and swallows the count behind it */
};

/* Adds a finding about t, or about the line as a whole where that is NULL. The message is printf's; fix may be "". */
void finding_add(struct judge *j, const struct token *t, enum cmdline_reader reader, enum severity severity,
                 const char *fix, const char *format, ...) _printf_(6, 7);
/* What is right to write in place of a token, "" for nothing. A fix "remove it" says so by itself. */
void finding_right(struct judge *j, const struct token *t, const char *text);
/* What the last finding, an error, does; without, HARM_ITSELF. */
void finding_harms(struct judge *j, enum harm harm);
