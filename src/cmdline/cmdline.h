/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A kernel command line as its readers take it, each in its own way: the kernel (lib/cmdline.c, next_arg()), the
 * modules' own parsers, kmod (libkmod-config.c) and dracut (dracut-lib.sh, getarg); systemd reads no token that is
 * judged. Pure: what is known of the machine comes in, findings go out.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* COMMAND_LINE_SIZE of x86 and arm64, its final NUL included. */
#define CMDLINE_SIZE 2048

enum cmdline_reader {
        READER_KERNEL,
        READER_MODULE, /* a module's parameter, by the kernel where it is built in, else by kmod */
        READER_KMOD,
        READER_DRACUT,
        READER_PASSTHROUGH,
        READER_MAX_,
};
extern const char *const reader_names[READER_MAX_];

enum severity {
        SEVERITY_ERROR,   /* it defeats what it is for, or the handing over of devices */
        SEVERITY_WARNING, /* it does not do what it seems to */
        SEVERITY_INFO,    /* what it does */
        SEVERITY_MAX_,
};
extern const char *const severity_names[SEVERITY_MAX_];

struct finding {
        const char *token; /* as written */
        enum cmdline_reader reader;
        enum severity severity;
        const char *message;
        const char *fix; /* what would be right, or "" */
};

struct findings {
        struct finding *v; /* in the order of the line */
        size_t n, n_errors, n_warnings;
};

enum cpu_vendor {
        CPU_UNKNOWN,
        CPU_INTEL,
        CPU_AMD,
        CPU_OTHER,
};

enum known {
        NOT_KNOWN,
        KNOWN_NO,
        KNOWN_YES,
};

/* What the line is judged for. All zero: any machine. */
struct cmdline_machine {
        enum cpu_vendor vendor;
        enum known remapping; /* interrupt remapping is at work */
};

/* A token as the kernel splits the line: value is NULL where there is no "=". */
struct token {
        const char *text; /* as written, quotes and all */
        const char *name, *value;
        size_t at; /* offset in the line */
        bool late; /* behind "--": the kernel hands it to init */
};

/* The kernel's tokens. *unclosed is set where a quote is not closed. */
void cmdline_split(struct arena *a, const char *line, struct token **ret, size_t *ret_n, bool *unclosed);

/* '-' and '_' are one, as in the kernel's parameq(). */
bool cmdline_name_is(const char *name, const char *known);

/* The last token of that name, or NULL; behind "--" too, for those who do not stop there. */
const struct token *cmdline_last(const struct token *tokens, size_t n, const char *name);

/* What the kernel takes for yes or no; -EINVAL for anything else. */
int cmdline_bool(const char *s, bool *ret) _must_check_;

void cmdline_judge(const char *line, const struct cmdline_machine *machine, struct arena *a, struct findings *ret);
