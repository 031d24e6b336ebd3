/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The parts that the runs have in common: config and facts, plan, act, record and log. */

#include "act/act.h"
#include "state/record.h"

struct run {
        const struct root *root;
        const struct facts_sources *sources; /* for run_load() */
        const char *asked;                   /* the device that udev waits for, or NULL */
        bool by_hand;                        /* somebody has typed the command: nothing has just appeared */
        bool starting;                       /* the host is on its way up, whatever the stage */
        struct arena arena;
        struct diags diags;
        struct config config;
        struct facts facts;
        struct plan plan;
        struct result *results; /* beside plan.entries */
        struct record record;
};

/* The result of a run; the journal has why. */
enum run_end {
        RUN_DONE,
        RUN_UNSATISFIED, /* a rule does not have what it was to have */
        RUN_TOO_EARLY,   /* the kernel may soon be further: try again */
};

/*
 * The runs: enum run_end or -errno. What they are for is named. run_service(), run_rule(), run_arrival() and run_udev()
 * are of the host alone, and in passthrough-demand, which no boot image has.
 */
int run_stage(const struct root *root, const char *stage) _must_check_;  /* of the initrd */
int run_service(const struct root *root, const char *rule) _must_check_; /* on the host, by the rule's service */
int run_rule(const struct root *root, const char *rule) _must_check_;    /* likewise, whoever starts it */
int run_settle(const struct root *root, const char *rule) _must_check_;  /* one that boots carry out */
int run_take(const struct root *root, const char *rule) _must_check_;    /* the same, without nodes and links */
/* The way back of what a rule of Stage=demand holds. */
int run_give_back_rule(const struct root *root, const char *rule) _must_check_;
/* That, where systemd says that its service was killed or timed out: what ends by itself has mended what it did. */
int run_give_back_cut_short(const struct root *root, const char *rule) _must_check_;
/* Before virtual GPUs of it are made: RUN_UNSATISFIED, which is logged, where somebody else has made some of them. */
int run_may_make(const struct root *root, const char *rule) _must_check_;
/* The rule's virtual functions, which are made first; in passthrough-sriov alone. */
int run_sriov(const struct root *root, const char *rule) _must_check_;
/* The same by hand: the rule as it is now, and nothing is waited for long. */
int run_sriov_now(const struct root *root, const char *rule) _must_check_;
/* They go away, unless somebody uses one. */
int run_sriov_none(const struct root *root, const char *rule) _must_check_;
/* The rule's virtual GPUs likewise, in passthrough-vgpu alone; and what they are made of, which comes before. */
int run_vgpu(const struct root *root, const char *rule) _must_check_;
int run_vgpu_now(const struct root *root, const char *rule) _must_check_;
int run_vgpu_on_demand(const struct root *root, const char *rule) _must_check_;
int run_vgpu_functions(const struct root *root, const char *rule) _must_check_;
/* A device that has appeared on a host that is up. */
int run_arrival(const struct root *root, const char *address) _must_check_;
/* Huge pages that the image did not know of; a shortfall is no failure. */
int run_host(const struct root *root, const char *unused) _must_check_;
/* Prints what udev is to keep of the device, where a rule claims it: see plan/claims-udev.h. */
int run_claim(const struct root *root, const char *address) _must_check_;
/* udev rules for devices that appear later. */
int run_udev(const struct root *root, const char *unused) _must_check_;
/* Waits, in an initrd, until the root is there or ought to be; not where the boot has stopped. See rescue.c. */
int run_rescue(const struct root *root, const char *stopped) _must_check_;
/* In an initrd that is a trial's: leaves a process behind that reboots in time, and prints its number; see deadline.c.
 */
int run_deadline(const struct root *root, const char *unused) _must_check_;

/*
 * Config, facts and plan, as far as the stage can know them. all: details of every device, where the record may speak
 * of some that no rule does any more. 0 or -errno.
 */
int run_load(struct run *r, bool all, enum stage stage) _must_check_;
/* None is as good as an empty one. 0 or -errno. */
int run_read_record(struct run *r) _must_check_;
/*
 * Writes the record before anything is carried out, see record_begin(), but for the operations behind n_ops: those can
 * wait. *ret is for run_end(). -errno, of which a line tells: then nothing may be carried out.
 */
int run_begin(struct run *r, size_t n_ops, int *ret) _must_check_;
/* Appends what came of it. -errno, of which a line tells: the record says what was begun, and that has to do. */
int run_end(struct run *r, int fd, const struct record *what) _must_check_;
/* Gives a device back that the record has; its place there says why, and a line does. */
void run_give_back(struct run *r, struct record_device *d, const char *why);
/*
 * The same for the devices of the rule (NULL: all) that an earlier run has begun and that nothing is done with now: not
 * those that are chosen, nor (NULL) any. Whether there were some.
 */
bool run_give_back_begun(struct run *r, const char *rule, const bool *chosen);
/* Huge pages in a stage that reserves them, and the record with them. 0 or -errno. */
int run_pages(struct run *r, enum stage stage) _must_check_;
/* Why nothing is taken for the rule in this boot any more, or NULL. */
const char *run_closed(const struct run *r, const struct rule *rule);
/* True if the rule's text is what this boot's plan was made of. */
bool run_same_text(const struct run *r, const struct rule *rule);
/* host.c: whether what the record says was taken still has the driver it was given. */
bool run_still_bound(const struct run *r, const struct record_rule *rule);
/* Who may open what of the rule, and links. Whether it is as it should be; else the reason is logged. */
bool run_nodes(struct run *r, const char *rule);
/* RUN_DONE; RUN_UNSATISFIED, which is logged, where nothing is handed over in this boot; or -errno. */
int run_switches(struct run *r, const char *rule) _must_check_;
/* What the config as it is now says of the rule, before anything is locked or looked at. 0 or -errno. */
int run_ask(const struct root *root, const char *rule, bool (*is)(const struct rule *rule), bool *ret) _must_check_;
void run_log_device(struct run *r, size_t entry);
void run_log_rule(struct run *r, const struct record_rule *rule);
void run_free(struct run *r);
