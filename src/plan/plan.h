/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * From rules and facts to what is done, in order. Pure: no system call, so a captured machine on another host gives the
 * same plan as the machine itself in its initrd.
 */

#include "config/config.h"
#include "facts/facts.h"
#include "plan/ops.h"
#include "plan/reserve.h"

#define NO_ENTRY SIZE_MAX

enum action {
        ACTION_BIND,
        ACTION_REFUSE,
        ACTION_KEEP,
        ACTION_MAX_,
};

enum rule_state {
        RULE_OK,
        RULE_REFUSED,
        RULE_MISSING,
        RULE_INVALID,
        RULE_SKIPPED,
        RULE_FAILED,  /* a device of it failed, or virtual functions could not be made */
        RULE_PENDING, /* of status alone, as the next: changed since this boot's plan */
        RULE_IDLE,    /* of Stage=demand, and its service has not taken its devices */
        RULE_STATE_MAX_,
};

extern const char *const action_names[ACTION_MAX_];
extern const char *const rule_state_names[RULE_STATE_MAX_];

/* Between the links of a chain: "0000:03:00.0 ← nvme0n1p2 ← /". */
#define PLAN_ARROW " ← "

/* One device that a rule speaks of. */
struct plan_entry {
        size_t device; /* in facts->devices */
        size_t rule;   /* in config->rules */
        enum action action;
        const char *driver; /* NULL where the host keeps it */
        enum stage stage;
        const char *reason;    /* the sentence; about and more are struct reason's */
        enum reason_kind kind; /* of the reason */
        const char *about, *more;
        const char *needed;     /* how the host needs it, or NULL */
        const char *needed_for; /* the use at the end of that chain */
        bool by_process;        /* it does only as long as somebody has it open */
        bool weighed;           /* whether the host needs it was asked, and: */
        const char *unknown;    /* why that is not known, whatever else it is refused for; or NULL */
        bool derived;           /* refused for another entry's refusal: that one has the cause */
        size_t leader;          /* of a companion: the entry it comes with; else NO_ENTRY */
        size_t below;           /* the entry that it goes along with, having no operations of its own; else NO_ENTRY */
        struct ops back;        /* of ACTION_BIND: how it is given back as it was found */
};

struct plan_rule {
        enum rule_state state;
        const char *message; /* "" where there is nothing to say */
        struct reason why;   /* of the message, kind and about; where it names a device, what stands against that */
        const char *device;  /* the address of that one, or NULL */
        size_t n_matched;    /* devices it decides by explicit match */
        size_t below;        /* of one whose devices do not show: the entry that they go along with; else NO_ENTRY */
        bool elsewhere;      /* skipped because Host=, Product= or MachineTag= mean another machine */
};

/* A rule that matches a device which an earlier one decides. */
struct plan_shadow {
        size_t device, rule, by;
};

/* Disks that are taken later, kept from being assembled until then. */
#define HIDE_RULES "/run/udev/rules.d/62-passthrough.rules"
#define HIDE_LVM   "/etc/lvm/lvmlocal.conf"

struct sriov_plan;
struct vgpu_plan;

struct plan {
        const struct config *config;
        const struct facts *facts;
        struct plan_entry *entries; /* by device */
        size_t n_entries;
        struct plan_rule *rules; /* beside config->rules */
        struct plan_shadow *shadows;
        size_t n_shadows;
        const struct clearance_device **lost; /* recorded for a rule, and nowhere to be found */
        size_t n_lost;
        struct ops ops;       /* in the order of the stages; of one entry, together */
        struct ops on_demand; /* likewise, of STAGE_DEMAND: no boot has them, see plan_reduce() */
        struct huge_plan
                huge; /* beside the rules: reserve_plan() makes it; done behind the initrd stage's operations */
        const struct sriov_plan *sriov; /* virtual functions that are made; NULL: nobody has looked */
        const struct vgpu_plan *vgpu;   /* virtual GPUs likewise */
};

/* config and facts must outlive the plan. */
void plan_build(const struct config *config, const struct facts *facts, struct arena *a, struct plan *ret);

static inline struct reason plan_reason(const struct plan_entry *e)
{
        return (struct reason){e->kind, e->reason, e->about, e->more};
}

/* What the plan has for a device, or NULL. */
const struct plan_entry *plan_find(const struct plan *plan, size_t device);

/* How many of the operations are of the initrd stage: those come first. */
size_t plan_initrd_ops(const struct plan *plan);
