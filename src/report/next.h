/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The next step. One function derives it from the real state: rules, images, trial, boot and session. Every screen ends
 * with it. ctl/situation.h gathers the state.
 */

#include <stdint.h>

#include "base/arena.h"
#include "report/screen.h"

/* How far the config is on its way into a boot. */
enum way {
        WAY_UNKNOWN,      /* apply says, and does nothing where nothing is to do */
        WAY_BEHIND,       /* apply has something to do */
        WAY_APPLIED,      /* the next boot does it, this one does not */
        WAY_TRIAL,        /* the next boot tries it */
        WAY_TRYING,       /* this boot tries it, and keeps it once it is complete */
        WAY_CONFIRM,      /* this boot tries it, and waits for somebody */
        WAY_FAILED,       /* its trial has failed */
        WAY_CUT_SHORT,    /* an apply, or the making of a trial, has not come to its end */
        WAY_OFF,          /* the next boot would do it; this one was switched off */
        WAY_OFF_FOR_GOOD, /* each boot entry switches it off */
        WAY_SHORT,        /* this boot was to do all of it, and has not */
        WAY_DONE,         /* this boot does all of it */
};

/* What the host lacks for any rule. */
enum lack {
        LACK_NOTHING,
        LACK_MAKER,    /* the program that makes the boot images */
        LACK_PART,     /* it is there, and none of its images gets the rules */
        LACK_FIRMWARE, /* the firmware describes no IOMMU */
        LACK_SWITCH,   /* it does, and the kernel was not told to use it */
        LACK_IOMMU,    /* it was, and there is none */
        LACK_UNTOLD,   /* there is none, and whose doing that is the firmware does not tell, as in a virtual machine */
};

/* The screen that ends with the step: it does not send people to itself. */
enum next_on {
        NEXT_ON_BARE,
        NEXT_ON_LIST,
        NEXT_ON_PLAN,
        NEXT_ON_STATUS,
        NEXT_ON_HISTORY, /* status --boot= */
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
        NEXT_ON_MAX_,
};

/* What the step depends on, by value; all strings may be NULL. */
struct situation {
        bool live;                   /* this host: what changes it takes root */
        bool dry_run;                /* the screen says what would be done: to do it is a step */
        bool errors;                 /* some file of the config has an error */
        const char *file;            /* the first that has, if people can edit it */
        unsigned line;               /* of it; 0: the file as a whole */
        size_t n_rules;              /* of the config */
        size_t n_refused, n_missing; /* of the plan's rules */
        const char *refused;         /* the file of the first of them */
        const char *rule;            /* one that is handed over now */
        const char *unmet;           /* one that this boot did not satisfy */
        bool by_udev;                /* each works on the host without any boot image, from the next boot on */
        bool reload;                 /* the system's manager has not read the rule idle yet */
        const char *idle;            /* one of Stage=demand whose service has not taken its devices */
        const char *waits;           /* one of those that bind would satisfy in this boot */
        bool held;                   /* this boot has something of ours: devices, or the tokens of a trial */
        enum way way;
        enum lack lack;
        const char *install; /* of LACK_MAKER: the command that mends it */
        const char *lost;    /* why it is unknown whether the next boot's image gets the rules, or NULL */
        bool no_trials;      /* this host's boot loader boots no entry only once */
        bool line_by_hand;   /* apply cannot change the kernel command line here */
        const char *mend;    /* what has to be mended before apply writes anything; or NULL */
        bool failing;        /* check has something that apply does not mend */
        bool by_hand;        /* of a trial: only confirm keeps it */
        uint32_t seconds;    /* of a trial: from the start of its boot until it is taken back */
        const char *tried;   /* of a trial that failed: its boot, as status --boot= takes it; or NULL */
        const char *until;   /* of the trial that runs: when that is, as a time of day */

        /* Of a screen about devices. */
        const char *example; /* what add takes for one that is free: "gpu0 01:00.0" */
        bool one_device;     /* it is about one alone: what is to be done with that comes before what is on its way */
};

struct next_step {
        const char *command; /* as it is typed, or NULL: there is none */
        const char *why;     /* what it does, or when; "" for none */
};

struct next_step next_step(const struct situation *now, enum next_on on, struct arena *a) _must_check_;
/* "passthroughctl WORDS", as the host takes it. */
const char *next_command(const struct situation *now, struct arena *a, const char *words) _must_check_;

/* "  Next: COMMAND   WHY", broken at words. */
void next_put(const struct screen *s, const struct next_step *step);
