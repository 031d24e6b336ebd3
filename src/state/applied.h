/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * /var/lib/passthrough/applied: the files of every rule and of passthrough.conf as they were when they were last
 * applied, all of them sound. Where one is wrong now, a boot image gets it from here. One file, so that it is replaced
 * as a whole.
 */

#include "base/root.h"
#include "config/rule.h"
#include "config/settings.h"

#define APPLIED_PATH "/var/lib/passthrough/applied"

struct applied_file {
        const char *rule; /* its name; NULL: a file of passthrough.conf */
        const char *path;
        const char *text; /* followed by a NUL byte */
        size_t size;
};

struct applied {
        bool there;   /* something was applied at all */
        bool unknown; /* something was, and cannot be read */
        struct applied_file *files;
        size_t n_files;
};

/* Empty where there is none, or none that can be read. */
void applied_read(const struct root *root, struct arena *a, struct applied *ret);
/* The file's text. */
char *applied_format(struct arena *a, const struct applied *applied) _must_check_;

/* The rule of that name; false where it was not applied, or is not sound, and then *ret is untouched. */
bool applied_rule(const struct applied *applied, struct arena *a, const struct bus_syntax *const *buses,
                  const char *name, struct rule *ret) _must_check_;
/* What the files of passthrough.conf say. */
void applied_settings(const struct applied *applied, struct arena *a, struct settings *ret);
