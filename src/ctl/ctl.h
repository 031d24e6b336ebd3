/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the commands of passthroughctl share. A command returns its exit status. */

#include "base/captured.h"
#include "base/options.h"
#include "config/settings.h"
#include "maker/payload.h"
#include "plan/needs.h"
#include "plan/plan.h"
#include "state/record.h"

struct loader;
struct command_table;

struct ctl {
        const struct command_table *commands; /* see ctl/command.h */
        const struct facts_sources *sources;
        const struct loader *const *loaders; /* ways to boot; NULL behind the last */
        const struct maker *const *makers;   /* of boot images; likewise */
        const struct initrd *const *initrds; /* what they make; likewise */
        struct root root;
        struct captured captured; /* what root says of itself, if it is a captured machine */
        bool json;
        const char *kernel;  /* image, cmdline: the release the image is for */
        bool modules;        /* image: only name the modules it needs */
        const char *cmdline; /* cmdline check: the line, or NULL */
        const char *format;  /* cmdline, show: the form of the output, or NULL */
        const char *output;  /* show: the file that has the page instead, or NULL */
        bool follow;         /* show: and goes on having it */
        bool published;      /* show: it has it */
        const char *program; /* check: who places machines, and whose demands are judged, too; or NULL */
        const char *vendor;  /* cmdline: of the processor the image is for, or NULL: of this one */
        bool raw;            /* capture: names and numbers as they are */
        bool dry_run;        /* change nothing, and say what would be done; the root is dry, too */
        bool yes;            /* add: to each question */
        const char *from;    /* add: what rules are taken over from, or NULL */
        bool list;           /* undo: name what can be undone */
        bool all;            /* list: bridges and system functions, too; show: each rule; check: each row */
        bool steps;          /* plan: each operation */
        bool types;          /* list: of virtual GPUs */
        const char *boot;    /* status: which boot, as journalctl takes it; or NULL: this one */
        bool no_trial;       /* apply: without one */
        uint32_t confirm;    /* apply: seconds until a trial that nobody confirms is taken back; 0: not given */
        const char *confirm_text;
        const char *service; /* trial: what its service is to do, or NULL */
        bool automatic;      /* confirm: run by a boot that is complete */
        int argc;            /* of the command: argv[0] is its name */
        char **argv;

        struct strings against; /* plan: the captured machines that it is of; none: this one */

        bool loaded; /* the config is, and what is wrong in it was said */

        struct arena arena;
        struct diags diags;
        struct config config;
        struct settings settings;
        struct facts facts;
        struct plan plan;
        bool at_boot; /* the plan is of the machine as the next boot finds it */
};

extern const struct facts_sources ctl_sources;

/* Rules, settings and diags; 0 or the exit status after having said what went wrong. */
int ctl_load_config(struct ctl *c) _must_check_;
/* Facts for request (NULL: what the rules need), and the plan. With boot, as the next boot will find the machine. */
int ctl_load_plan(struct ctl *c, const struct facts_request *request, bool boot) _must_check_;

/* The same, of the config that is loaded. */
int ctl_make_plan(struct ctl *c, const struct facts_request *request, bool boot) _must_check_;

/* Whether something that was asked for does not happen by the plan. */
bool ctl_falls_short(const struct ctl *c);
/* plan of this machine; the exit status. */
int ctl_plan_here(struct ctl *c) _must_check_;

/* The huge pages of the next boot, into the plan. */
void ctl_plan_hugepages(struct ctl *c);

/* The device at an address, given for a rule that is not there; 0 or the exit status. */
int ctl_find_device(struct ctl *c, const char *name, size_t *ret) _must_check_;

/*
 * What is wrong, on standard error, a terminal's lines broken at words. The exit status: of ctl_error() and ctl_fail()
 * EXIT_FAILURE, of the others EXIT_USAGE.
 */
int ctl_error(const char *format, ...) _printf_(1, 2);
int ctl_fail(const char *what, int error);
/* What is typed is wrong, and the message says what would be right. */
int ctl_usage(const char *format, ...) _printf_(1, 2);
/* The same, where that takes more than a message: it names the help of a command to read, or (for "") that of all. */
int ctl_misused(const char *command, const char *format, ...) _printf_(2, 3);

/*
 * With --json what is said on the way, and by the programs that are run, is for standard error: *ret_out keeps standard
 * output for the document, until ctl_aside_end(). 0 or the exit status.
 */
int ctl_aside(int *ret_out) _must_check_;
int ctl_aside_end(int out) _must_check_;

int ctl_plan(struct ctl *c);
int ctl_check(struct ctl *c);
int ctl_status(struct ctl *c);
int ctl_list(struct ctl *c);
int ctl_show(struct ctl *c);
int ctl_capture(struct ctl *c);
int ctl_image(struct ctl *c);
int ctl_bind(struct ctl *c);
int ctl_release(struct ctl *c);
int ctl_apply(struct ctl *c);
int ctl_undo(struct ctl *c);
int ctl_confirm(struct ctl *c);
int ctl_trial(struct ctl *c);
int ctl_cmdline(struct ctl *c);
int ctl_add(struct ctl *c);
int ctl_remove(struct ctl *c);
int ctl_hugepages(struct ctl *c);
int ctl_help(struct ctl *c);

/* status of another boot; and whether that names one. */
int ctl_history(struct ctl *c);
bool ctl_boot_valid(const char *boot);

/* --confirm=: a number with s, min or h behind it; without, seconds. */
bool ctl_time_valid(const char *text, uint32_t *ret);

/* What the rules and the settings need of the kernel command line and of modprobe.d. */
struct needs ctl_needs(struct ctl *c);
/* Which huge pages are left out, on standard error. */
/* What is wrong in the config, on standard error. */
void ctl_say_diags(struct ctl *c);
void ctl_say_refused(const struct needs *needs);
