/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A changed config is tried in one boot before it takes the place of what there was: an entry of its own beside the
 * host's, chosen for the next boot alone. /var/lib/passthrough/trial has what is being tried, and what became of it.
 * The boot itself says on its command line that it is that trial.
 */

#include <stdint.h>

#include "base/root.h"
#include "base/str.h"

#define TRIAL_DIR    "/var/lib/passthrough/trial"
#define TRIAL_PATH   TRIAL_DIR "/manifest"
#define TRIAL_SUFFIX ".passthrough-trial"
#define TRIAL_TOKEN                                                                                                    \
        "passthrough.trial="      /* ID:SECONDS, the second until it is taken back; the rest of the line is its own */
#define TRIAL_PANIC    "panic=10" /* behind it, in this order, with the maker's between the first two */
#define TRIAL_REBOOT   "systemd.crash_reboot=yes"
#define TRIAL_WATCHDOG "systemd.watchdog_sec=60" /* not always */
#define TRIAL_WAIT     (15 * 60)
#define BOOT_ID        "/proc/sys/kernel/random/boot_id"

enum trial_state {
        TRIAL_NONE,
        TRIAL_MAKING,   /* its entry is not complete */
        TRIAL_PENDING,  /* the next boot is it */
        TRIAL_RUNNING,  /* it has reached this host's services */
        TRIAL_ACCEPTED, /* it is being taken over */
        TRIAL_FAILED,   /* and stays out of every image until the config changes */
        TRIAL_MAX_,
};
extern const char *const trial_state_names[TRIAL_MAX_];

struct trial {
        enum trial_state state;
        uint64_t config;     /* digest_of_config() of it */
        const char *when;    /* it was made */
        const char *boot;    /* in which boot that was */
        const char *own;     /* its own boot, if that came to this host's services; or NULL */
        const char *release; /* of its kernel */
        const char *image;   /* that was built for it, or NULL: the host's own is right already */
        const char *target;  /* the image that this one is to replace */
        bool by_hand;        /* kept by passthroughctl confirm alone, not by a complete boot */
        uint32_t seconds;    /* until it is taken back */
        uint32_t applies;    /* that were complete when it was accepted: one more, and it is kept */
        const char *why;     /* it failed */
};

/* If there is no trial, or it cannot be read, the state says so. */
void trial_read(const struct root *root, struct arena *a, struct trial *ret);
int trial_write(const struct root *root, struct arena *a, const struct trial *trial) _must_check_;
int trial_forget(const struct root *root) _must_check_;

/* Whether this boot is that trial. */
bool trial_is_here(const struct root *root, struct arena *a, const struct trial *trial);
/* Whether it was in another boot that it was made. */
bool trial_is_old(const struct root *root, const struct trial *trial);
/* Whether its config is to stay out of images that are built now. */
bool trial_holds_back(const struct root *root, struct arena *a, const struct trial *trial);
/*
 * The trial's own tokens, behind those that the config needs. unattended: with those, up to NULL, its initrd reboots
 * where it would wait for somebody.
 */
void trial_tokens(const struct root *root, struct arena *a, const struct trial *trial, const char *const *unattended,
                  struct strings *ret);
/* Whether something would reset a host that hangs. */
bool trial_watchdog(const struct root *root);
