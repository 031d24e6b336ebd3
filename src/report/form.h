/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is done, and what came of it: a label and a few words a line, filled in while the work goes on. */

#include <stdint.h>

#include "report/screen.h"

/* "  LABEL           TEXT", broken at words. */
void form_put(const struct screen *s, const char *label, const char *text);
/* The same of what takes its time: label and text stand there at once. The column that form_end() goes on at. */
size_t form_begin(const struct screen *s, const char *label, const char *text) _must_check_;
void form_end(const struct screen *s, size_t at, const char *text);
/* A sentence as wide as the screen. */
void form_say(const struct screen *s, const char *text);

/* "31 s", "4 min 5 s"; below ten seconds with a tenth. */
const char *form_time(struct arena *a, uint64_t us) _must_check_;
/* "38 MiB", below ten with a tenth; "12 KiB". */
const char *form_size(struct arena *a, uint64_t bytes) _must_check_;
