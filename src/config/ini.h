/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The file format of systemd.syntax(7): [Section] lines, Key=Value lines, comments from '#' or ';' at a line's start,
 * a trailing backslash continues a line. Our own on purpose: libinih cuts long values, libeconf drops repeated keys.
 */

#include "base/diag.h"

struct ini_handler {
        /* A section line; an error is reported by the handler through diags. */
        void (*section)(void *data, unsigned line, const char *name);
        /* An assignment; section is NULL before the first section line. */
        void (*assign)(void *data, unsigned line, const char *section, const char *key, const char *value);
        void *data;
};

/* text must be followed by a NUL byte and is overwritten. Faults of form become diags. */
void ini_parse(const char *file, char *text, size_t size, struct diags *diags, const struct ini_handler *h);
