/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whether the host is ready for its rules: what shows of it (facts, gathered by value), held against config and plan.
 * check_build() is pure.
 */

#include "cmdline/cmdline.h"
#include "config/settings.h"
#include "facts/iommus.h"
#include "facts/kernel.h"
#include "facts/machine.h"
#include "facts/memory.h"
#include "facts/rivals.h"
#include "maker/makers.h"
#include "plan/needs.h"
#include "plan/plan.h"
#include "state/trial.h"

enum check_status {
        CHECK_PASS,
        CHECK_WARN,
        CHECK_FAIL,
        CHECK_SKIP, /* there is nothing to judge, or it cannot be told */
        CHECK_MAX_,
};
extern const char *const check_status_names[CHECK_MAX_];

struct check {
        const char *id; /* several may have the same: conflict.modprobe, one for each file */
        enum check_status status;
        const char *message, *fix; /* fix: "" where there is nothing to do */
};

struct checks {
        struct check *v;
        size_t n, n_failed, n_warnings;
};

struct check_module {
        struct module module;
        bool loaded; /* it is in /sys/module */
};

/* Beside plan->entries. */
struct check_device {
        const char *driver;       /* now, or NULL */
        enum tristate reset;      /* it can be reset on its own */
        const char *reset_method; /* what its file has; NULL: there is none */
        const char *framebuffer;  /* the firmware's, below it; or NULL */
        const char *vmd;          /* address of the VMD controller that it is behind; or NULL */
        bool no_owner, no_group;  /* the host has nobody whom its rule's Owner= or Group= names */
};

struct check_image {
        const char *release;
        bool kernel;       /* /boot or the ESP has a kernel of that release */
        const char *path;  /* of its boot image, or NULL */
        int64_t made;      /* seconds */
        bool read;         /* what it was built from is known */
        const char *stale; /* then: why it is not what would be built now, or NULL */
};

/* A network interface of a function that a rule speaks of. */
struct check_interface {
        size_t entry; /* in plan->entries */
        const char *name, *mac;
};

struct check_facts {
        struct machine machine;
        struct iommus iommus;
        struct kernel_facts kernel; /* of the running one */
        struct rivals rivals;

        struct check_module *modules;
        size_t n_modules;
        struct check_device *devices;
        struct memory memory;
        struct makers makers;
        struct check_image *images;
        size_t n_images;
        bool live;                 /* the machine this process runs on: the next three are known */
        const char *trial_problem; /* why the boot loader cannot try a config once, or NULL */
        bool watchdog;
        struct trial trial;     /* of the last apply */
        int64_t config_changed; /* when the newest of the rules' files was; 0: there is none */
        const char *config_newest;

        struct check_interface *interfaces;
        size_t n_interfaces;
};

struct check_input {
        const struct plan *plan;
        const struct settings *settings;
        const struct needs *needs;
        const struct check_facts *facts;
};

struct loader;

int check_gather(const struct loader *const *loaders, const struct makers *makers, const struct root *root,
                 struct arena *a, const struct plan *plan, struct check_facts *ret) _must_check_;

void check_build(const struct check_input *input, struct arena *a, struct checks *ret);
