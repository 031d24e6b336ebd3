/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * passthrough.conf(5): what the host itself is to be. /usr/lib, /run, /etc: a file passthrough.conf in each, and
 * drop-ins passthrough.conf.d/NAME.conf behind them, by name; what is read later wins.
 */

#include "base/root.h"
#include "config/rule.h"

/* A boolean of the host's files. */
enum setting {
        SETTING_UNSET,
        SETTING_NO,
        SETTING_YES,
};

struct huge_node {
        uint32_t node; /* NUMA node */
        uint64_t count;
};

/* [HugePages], one for each size. */
struct huge_pages {
        uint64_t size;    /* bytes */
        const char *name; /* "1G", "2M": also where passthrough.conf has it as 1024M */
        bool has_count;   /* Count= is given, for the whole machine; else by node */
        uint64_t count;   /* pages */
        struct huge_node *nodes;
        size_t n_nodes;
        bool is_default; /* Default=yes: the size that a program gets which names none */
};

struct settings {
        bool invalid;  /* some line could not be understood: what is wrong is in diags */
        bool iommu_on; /* IOMMU=on: the command line is to turn it on, whatever the kernel's default; else auto */
        enum setting unsafe_interrupts;
        enum setting disable_idle_d3;
        const char **command_line;      /* CommandLine=: further tokens, in the order given */
        const char **command_line_from; /* beside them, "FILE:LINE" */
        size_t n_command_line;
        const char **uplink; /* Uplink=: interfaces, or "none" alone; what is read last */
        size_t n_uplink;
        struct huge_pages *pages; /* by size, the largest first */
        size_t n_pages;
};

/* A file that applies, followed by a NUL byte. */
struct settings_file {
        const char *path;
        char *text;
        size_t size;
};

/* In the order in which they are read. Faults become diags. */
int settings_files(const struct root *root, struct arena *a, struct diags *diags, struct settings_file **ret,
                   size_t *ret_n) _must_check_;

/* Parses those files, as settings_load() does; their text is overwritten. */
void settings_read(struct arena *a, struct diags *diags, const struct settings_file *files, size_t n,
                   struct settings *ret);

/*
 * Every sound setting: of [Host] a line that is wrong is left out, of [HugePages] the section, and with it what earlier
 * files have for its size. What is wrong is in diags. 0 or -errno where nothing could be read at all (memory, the
 * root). */
int settings_load(const struct root *root, struct arena *a, struct diags *diags, struct settings *ret) _must_check_;
