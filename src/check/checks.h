/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Whether the host is ready for its rules: what shows of it (facts, gathered by value), held against config and plan.
 * check_build() is pure.
 */

#include "bus/pci/functions.h"
#include "bus/pci/line.h"
#include "cmdline/cmdline.h"
#include "config/settings.h"
#include "facts/boot-scripts.h"
#include "facts/complaints.h"
#include "facts/daemons.h"
#include "facts/ids.h"
#include "facts/inspect.h"
#include "facts/iommus.h"
#include "facts/kernel.h"
#include "facts/machine.h"
#include "facts/memory.h"
#include "facts/nvidia.h"
#include "facts/openvswitch.h"
#include "facts/owners.h"
#include "facts/pve-mappings.h"
#include "facts/rivals.h"
#include "guard/luks.h"
#include "maker/running.h"
#include "plan/needs.h"
#include "plan/plan.h"
#include "state/trial.h"

enum check_status {
        CHECK_PASS,
        CHECK_WARN,
        CHECK_FAIL,
        CHECK_SKIP,    /* there is nothing to judge */
        CHECK_UNKNOWN, /* it cannot be told: people are told so, and to programs it is a skip */
        CHECK_MAX_,
};
extern const char *const check_status_names[CHECK_MAX_];

struct check {
        const char *id; /* several may have the same: conflict.modprobe, one for each file */
        enum check_status status;
        const char *message, *fix; /* fix: "" where there is nothing to do */
        const char *brief;         /* what of the message is wrong, without what is this row's own; NULL: all of it */
};

struct checks {
        struct check *v;
        size_t n, n_failed, n_warnings, n_unknown;
        size_t n_by_hand; /* of those that failed: apply does not mend them */
};

/* Beside plan->entries. */
struct check_device {
        struct inspection shows;
        struct pci_line line; /* of a PCI function, as is the next */
        struct pci_functions functions;
        bool no_owner, no_group; /* the host has nobody whom its rule's Owner= or Group= names */
};

struct check_image {
        const char *release;
        bool kernel;       /* /boot or the ESP has a kernel of that release */
        const char *path;  /* of its boot image, or NULL */
        const char *lost;  /* or why the one that its boot entry loads is not known, or NULL */
        int64_t made;      /* seconds */
        bool read;         /* what it was built from is known */
        const char *stale; /* then: why it is not what would be built now, or NULL */
};

/* A partition that a program copies boot images to. */
struct check_esp {
        const char *uuid;
        bool unread;
        struct strings wrong; /* what it lacks for this config */
};

/* A token for which apply refuses a line. */
struct refused_token {
        struct finding finding;
        const char *where; /* "FILE:LINE", as far as that shows */
};

struct refused_tokens {
        struct refused_token *v;
        size_t n;
        struct refused_token *doubts; /* warnings of tokens that passthrough.conf has: these are taken */
        size_t n_doubts;
};

struct check_facts {
        struct machine machine;
        struct iommus iommus;
        struct kernel_facts kernel; /* of the running one */
        struct rivals rivals;
        struct boot_scripts scripts; /* of the maker of this host's images */
        struct owners owners;
        struct daemons daemons;         /* where a rule takes what is claimed in udev's database */
        struct openvswitch openvswitch; /* read where a rule has Eswitch=switchdev */
        struct complaints complaints;   /* where a rule makes virtual functions */
        struct nvidia_host nvidia;      /* where a rule makes virtual GPUs */
        struct pve_mappings mappings;   /* of Proxmox VE */
        struct ids ids;                 /* with those of the running kernel's command line */

        struct module *modules; /* VFIO's own, and the drivers that rules name or that are chosen for them */
        size_t n_modules;
        struct check_device *devices;
        struct memory memory;
        struct makers makers;
        struct check_image *images;
        size_t n_images;
        struct running running; /* the running kernel's */
        struct check_esp *esps;
        size_t n_esps;
        struct luks_list volumes;   /* that the host needs */
        uint32_t changed_pcrs;      /* by a new command line or boot image, as this host boots */
        const char *predict;        /* what predicts them, and when */
        bool live;                  /* the machine this process runs on: the next four are known */
        const char *loader_problem; /* why apply cannot give the kernel its parameters, or NULL */
        const char *trial_problem;  /* why the boot loader cannot try a config once, or NULL */
        bool watchdog;
        struct trial trial; /* of the last apply */
        struct refused_tokens refused;
        struct boot_lines of_trial; /* boot_trial_lines() */
        int64_t config_changed;     /* when the newest of the rules' files was; 0: there is none */
        const char *config_newest;
};

struct check_consumer;

struct check_input {
        const struct plan *plan;
        const struct settings *settings;
        const struct needs *needs;
        const struct check_facts *facts;
        const struct check_consumer *consumer; /* whose rows come behind the others; or NULL */
};

void check_build(const struct check_input *input, struct arena *a, struct checks *ret);
