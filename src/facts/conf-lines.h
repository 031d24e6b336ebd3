/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The lines of configuration that lies in several directories, as modprobe.d(5) and modules-load.d(5) have it: a file
 * in an earlier directory hides one of the same name in later ones.
 */

#include "base/root.h"

struct conf_line {
        const char *file;
        char *text;      /* NULL: the file, or a directory in its place, cannot be read */
        unsigned number; /* of the line, from 1; 0: not known */
};

struct conf_lines {
        struct conf_line *v;
        size_t n;
};

/* Adds the lines of one file, without blanks at their ends; a backslash at the end has the next one go on. */
void conf_lines_of(const struct root *root, struct arena *a, const char *file, struct conf_lines *lines);
/* Adds those of all files whose names end so; dirs: NULL behind the last. */
void conf_lines_in(const struct root *root, struct arena *a, const char *const *dirs, const char *suffix,
                   struct conf_lines *lines);

/* Those of modprobe.d, as libkmod has them. */
void conf_lines_modprobe(const struct root *root, struct arena *a, struct conf_lines *lines);
