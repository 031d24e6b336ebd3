/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The JSON documents of commands that change something: undo, confirm, capture, hugepages; and of what they may do. */

#include <stdio.h>

#include "loader/write.h"
#include "plan/reserve.h"
#include "state/trial.h"

/* What undo has done, or would do. */
struct undone {
        bool changed, trial; /* trial: one was taken back */
        const unsigned *applies;
        size_t n_applies;
        const struct boot_back *back;
};

/* What there is of a trial, and what confirm made of it. */
struct tried {
        const struct trial *trial;
        bool here;           /* this boot is it */
        bool changed;        /* confirm only */
        const char *message; /* of confirm: why nothing was kept, or "" */
};

struct captured_as {
        bool changed;
        const char *path;
        size_t n_denied; /* paths that could not be read */
};

/* What hugepages has done, or would do. */
struct paged {
        bool changed;
        const char *file, *kept; /* kept: where a copy is of what it was, or NULL */
        const char *message;     /* why nothing is written, or "" */
        uint64_t reserve;        /* bytes that have to stay for the host */
        struct huge_plan plan;   /* of the next boot */
};

void json_undone(FILE *f, const struct undone *undone);
/* trial: what undo would take back first, or NULL. */
void json_undos(FILE *f, const struct journal *journal, const struct trial *trial);
void json_trial(FILE *f, const struct tried *tried);
void json_confirmed(FILE *f, const struct tried *tried);
/* errors: of the config, or NULL where it was not read. */
void json_paged(FILE *f, const struct paged *paged, const struct diags *errors);
void json_captured(FILE *f, const struct captured_as *captured);
