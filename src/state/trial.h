/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A changed config is tried in one boot before it takes the place of what there was: an entry of its own beside the
 * host's, chosen for the next boot alone. /var/lib/passthrough/trial has what is being tried, and what became of it.
 * The boot itself says on its command line that it is that trial.
 */

#include "loader/loader.h"

#define TRIAL_DIR    "/var/lib/passthrough/trial"
#define TRIAL_PATH   TRIAL_DIR "/manifest"
#define TRIAL_GRUB   TRIAL_DIR "/grub" /* what /etc/grub.d/42_passthrough makes an entry of */
#define TRIAL_SUFFIX ".passthrough-trial"
#define TRIAL_TOKEN                                                                                                    \
        "passthrough.trial=" /* ID:SECONDS, the second until it is taken back; the rest of the line is its own */
#define TRIAL_WAIT (15 * 60)

/* Names that loaders sort behind all others, so that none of them is ever booted by default. */
#define TRIAL_ENTRY      "0-passthrough-trial.conf"
#define OFF_ENTRY        "0-passthrough-off.conf"
#define GRUB_SCRIPT      "/etc/grub.d/42_passthrough"
#define GRUB_TRIAL       "passthrough-trial" /* the entry's ID */
#define GRUB_TRIAL_TITLE "Linux, passthrough: trial"

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
        const char *release; /* of its kernel */
        const char *image;   /* that was built for it, or NULL: the host's own is right already */
        const char *target;  /* the image that this one is to replace */
        bool by_hand;        /* kept by passthroughctl confirm alone, not by a complete boot */
        uint32_t seconds;    /* until it is taken back */
        uint32_t applies;    /* that were complete when it was accepted: one more, and it is kept */
        const char *why;     /* it failed */
};

/* Of none, or one that cannot be read, the state says so. */
void trial_read(const struct root *root, struct arena *a, struct trial *ret);
int trial_write(const struct root *root, struct arena *a, const struct trial *trial) _must_check_;
int trial_forget(const struct root *root) _must_check_;

/* Whether this boot is that trial. */
bool trial_is_here(const struct root *root, struct arena *a, const struct trial *trial);
/* Whether it was in another boot that it was made. */
bool trial_is_old(const struct root *root, const struct trial *trial);
/* Whether its config is to stay out of images that are built now. */
bool trial_holds_back(const struct root *root, struct arena *a, const struct trial *trial);
/* The trial's own tokens, behind those that the config needs. */
void trial_tokens(const struct root *root, struct arena *a, const struct trial *trial, const char ***ret,
                  size_t *ret_n);

/* ---- oneshot.c: its entry in the boot loader's menu ----------------------------------------------------------------
 */

/* Why this host's boot loader cannot be trusted to boot an entry once and no more; NULL: it can. 0 or -errno. */
void oneshot_problem(const struct root *root, struct arena *a, const struct boot_facts *facts, const char **ret);
/* Whether something would reset a host that hangs. */
bool oneshot_watchdog(const struct root *root);
/* Whether the boot loader has yet to boot the entry. */
bool oneshot_pending(const struct root *root, struct arena *a, const struct boot_facts *facts);

/* What has to be run so that the loader sees the entry; NULL: nothing. */
const char *oneshot_update(const struct boot_facts *facts);
/* What has to be run so that the loader boots it once. */
const char *oneshot_set(const struct boot_facts *facts);
/* Likewise, so that it does not; NULL: it does not boot what is not there. */
const char *oneshot_clear(const struct boot_facts *facts);
/* ---- derive.c: entries made of those that the host has; pure ------------------------------------------------------
 */

/*
 * The entry's file: of systemd-boot a copy of the kernel's own entry, of GRUB what its script is to know. tokens: those
 * that the config needs and the trial's; owned: those of an earlier apply. *ret NULL where that kernel has no entry.
 */
void oneshot_entry(const struct boot_facts *facts, struct arena *a, const struct trial *trial,
                   const char *const *tokens, size_t n_tokens, const struct boot_owned *owned, struct boot_op *ret);
/* GRUB's menu without it, as it was before; NULL where it has none, or memory is out. */
char *oneshot_menu_without(const char *menu, struct arena *a);
/* Whether the menu that was made has it: NULL, or what is missing. */
void oneshot_verify(const struct boot_facts *facts, struct arena *a, const char *const *tokens, size_t n_tokens,
                    const char **ret_lacks);

/* Of systemd-boot: the entry without passthrough, as it is to be; no path where there is no kernel. */
void off_entry(const struct boot_facts *facts, struct arena *a, const struct boot_owned *owned, struct boot_file *ret);
