/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a command of passthroughctl takes: one table for those who parse it, and for help. */

#include "ctl/ctl.h"

/* Positions in the table of options. */
enum option_id {
        OPT_JSON,
        OPT_DRY_RUN,
        OPT_YES,
        OPT_ALL,
        OPT_FORMAT,
        OPT_OUTPUT,
        OPT_FOLLOW,
        OPT_FROM,
        OPT_LIST,
        OPT_NO_TRIAL,
        OPT_CONFIRM,
        OPT_BOOT,
        OPT_STEPS,
        OPT_AGAINST,
        OPT_TYPES,
        OPT_RAW,
        OPT_CMDLINE,
        OPT_FOR,
        OPT_VENDOR,
        OPT_KERNEL,
        OPT_MODULES,
        OPT_AUTOMATIC,
        OPT_SETTLE,
        OPT_REVERT,
        OPT_ENTRY,
        OPT_MAX_,
};

/* What an option sets in struct ctl: a flag, its text, one more text, or (of --settle and the like) its own name. */
enum option_kind {
        FLAG,
        TEXT,
        LIST,
        NAME,
};

struct own_option {
        const char *name;
        enum option_kind kind;
        size_t at;         /* in struct ctl */
        const char *value; /* of TEXT and LIST, as help has it */
        const char *text;  /* NULL: for our own units, not for people */
};

#define ANY_NUMBER (-1)

struct command {
        const char *name;
        int (*run)(struct ctl *c);
        int least, most;            /* arguments behind the name; most may be ANY_NUMBER */
        unsigned options;           /* 1 << enum option_id of each that it has */
        const char *usage;          /* a line for each form, without options that all forms have */
        const char *text;           /* what it does */
        const char *example;        /* lines */
        const char *ok, *bad;       /* what exit status 0 and 1 mean; bad may be NULL */
        const char *const *formats; /* the values of --format=, up to NULL; or NULL: those of export */
        bool ours;                  /* for our own units and hooks: not in the list of commands to begin with */
};

/* Two options of a command that cannot stand together. */
struct clash {
        const char *command;
        enum option_id a, b;
        const char *why;
};

struct command_table {
        const struct command *commands;
        size_t n;
        const struct own_option *options; /* OPT_MAX_ of them */
        const struct clash *clashes;
        size_t n_clashes;
};

extern const struct command_table command_table;

/* NULL: there is none. */
const struct command *command_find(const struct command_table *t, const char *name);
/* Says so; the exit status. */
int command_unknown(const struct command_table *t, const char *name) _must_check_;
/* Whether the options that are given (1 << enum option_id) and the arguments are the command's: 0, or the exit status.
 */
int command_check(const struct command_table *t, const struct command *command, struct ctl *c,
                  unsigned given) _must_check_;
/* The values of its --format= or --for=: "plain, grub or kernel"; *ret_is: value is one of them. */
const char *command_choices(const struct command *command, enum option_id option, struct arena *a, const char *value,
                            bool *ret_is);
/* The commands that have an option: "apply, add and remove". */
const char *command_owners(const struct command_table *t, struct arena *a, enum option_id option);
