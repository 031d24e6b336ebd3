/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The table of the keys that passthrough.conf(5) documents; for settings.c. */

#include "config/settings.h"

struct settings_section {
        struct huge_pages pages; /* size 0: none was given */
        const char *file;
        unsigned line, size_line, default_line; /* of the section, and of keys in it */
        size_t errors;                          /* that there were before it */
        bool broken;
};

struct settings_parser {
        struct arena *arena;
        struct diags *diags;
        struct settings *settings;
        struct settings_section *sections; /* [HugePages], of all files, in their order */
        size_t n_sections;

        const char *file;
        unsigned line;
        bool open;     /* the last of sections goes on */
        uint64_t seen; /* keys that cannot repeat, a bit each: of [Host] in this file, else in this section */
};

/* Adds what a file says; its text is overwritten. What is wrong becomes diags. */
void settings_parse(struct settings_parser *p, const struct settings_file *file);
