/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The next step. One function derives it from the real state: rules, images, trial, boot and session. Every screen ends
 * with it.
 */

#include "base/arena.h"
#include "report/screen.h"

/* How far a config is on its way into a boot, as far as that was looked at. */
enum way {
        WAY_UNKNOWN, /* apply says, and does nothing where nothing is to do */
        WAY_APPLIED, /* every image has it: it takes a boot */
        WAY_TRIAL,   /* the next boot tries it */
        WAY_CONFIRM, /* this boot tries it, and waits for somebody */
        WAY_FAILED,  /* its trial has failed */
};

/* The screen that ends with the step: it does not send people to itself. */
enum next_on {
        NEXT_ON_BARE,
        NEXT_ON_LIST,
        NEXT_ON_PLAN,
        NEXT_ON_STATUS,
        NEXT_ON_CHECK,
        NEXT_ON_ADD,
        NEXT_ON_REMOVE,
        NEXT_ON_APPLY,
        NEXT_ON_CONFIRM,
        NEXT_ON_UNDO,
        NEXT_ON_BIND,
        NEXT_ON_RELEASE,
        NEXT_ON_SHOW,
        NEXT_ON_HUGEPAGES,
};

/* What the step depends on, by value. ctl/situation.h gathers it. */
struct situation {
        bool live;                   /* this host: what changes it takes root */
        bool errors;                 /* a file of the config has an error */
        size_t n_rules;              /* of the config */
        size_t n_refused, n_missing; /* of the plan's rules */
        enum way way;
};

struct next_step {
        const char *command; /* as it is typed, or NULL: there is none */
        const char *why;     /* what it does, or when; "" for none */
};

struct next_step next_step(const struct situation *now, enum next_on on, struct arena *a) _must_check_;

/* "  Next: COMMAND   WHY", broken at words. */
void next_put(const struct screen *s, const struct next_step *step);
