/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Files in memory. The linker's --wrap= sends here what the engine reads and writes below its root; while there are no
 * files, and for those that there are not where files_above is set, it goes on to the real ones.
 */

#include <stdint.h>
#include <stdio.h>

#include "base/root.h"
#include "plan/plan.h"

#define FILES_MAX 16

extern bool files_above;

/* What must hold. A fault ends the process, as libFuzzer wants it. */
#define CHECK(condition_)                                                                                              \
        do {                                                                                                           \
                if (!(condition_)) {                                                                                   \
                        fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition_);                \
                        __builtin_trap();                                                                              \
                }                                                                                                      \
        } while (0)

/* Below FILES_MAX of them; path and data must live until files_clear(). */
void files_add(const char *path, const void *data, size_t size);
void files_clear(void);

/*
 * Adds the files of an input: a line "%PATH" begins one of that path, what is before the first is the file at first.
 * The copies are the arena's.
 */
void files_split(struct arena *a, const char *first, const uint8_t *data, size_t size);

/* What root_replace() wrote last, or NULL; freed by files_clear(). */
const char *files_written(size_t *ret_size);

/* A document is always whole, one object in UTF-8, and nothing behind it but the newline. */
void check_json(const char *text, size_t size);
/* Closes f, frees *text. */
void check_document(FILE *f, char **text, size_t *size);

/* What is said of a plan, as a document and in lines that can be printed. */
void check_reports(const struct plan *plan);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
