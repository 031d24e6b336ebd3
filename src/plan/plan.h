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
        RULE_PENDING, /* of status alone: changed since this boot's plan */
        RULE_STATE_MAX_,
};

extern const char *const action_names[ACTION_MAX_];

/* What stands against a device that is refused. */
enum refusal {
        REFUSAL_OTHER,
        REFUSAL_HOST,  /* the host needs it, or may */
        REFUSAL_GROUP, /* its IOMMU group, or that it has none */
        REFUSAL_BELOW, /* what it is below, or what is below it */
};
extern const char *const rule_state_names[RULE_STATE_MAX_];

/* The reason where nothing else is to be said. */
#define PLAN_MATCHED "the rule matches it"

/* One device that a rule speaks of. */
struct plan_entry {
        size_t device; /* in facts->devices */
        size_t rule;   /* in config->rules */
        enum action action;
        const char *driver; /* NULL where the host keeps it */
        enum stage stage;   /* initrd or root */
        const char *reason;
        enum refusal refusal; /* of ACTION_REFUSE */
        bool impostor;        /* sits where a recorded device was, and says nothing of the rule */
        const char *needed;   /* how the host needs it, or NULL */
        bool weighed;         /* whether the host needs it was asked, and: */
        const char *unknown;  /* why that is not known, whatever else it is refused for; or NULL */
        bool derived;         /* refused for another entry's refusal: that one has the cause */
        bool in_company;      /* refused for a member of its group that no rule takes: that one is shown, too */
        bool surplus;         /* refused because the rule matches more than it expects: its Path= would name it */
        bool foreign;         /* such a member: the rule does not match it */
        size_t leader;        /* of a companion: the entry it comes with; else NO_ENTRY */
        size_t below;         /* the entry that it goes along with, having no operations of its own; else NO_ENTRY */
        struct ops back;      /* of ACTION_BIND: how it is given back as it was found */
};

struct plan_rule {
        enum rule_state state;
        const char *message; /* "" where there is nothing to say */
        size_t n_matched;    /* devices it decides by explicit match */
        size_t below;        /* of one whose devices do not show: the entry that they go along with; else NO_ENTRY */
        bool elsewhere;      /* skipped because Host= or Product= mean another machine */
};

/* A rule that matches a device which an earlier one decides. */
struct plan_shadow {
        size_t device, rule, by;
};

/* Disks that are taken later, kept from being assembled until then. */
#define HIDE_RULES "/run/udev/rules.d/62-passthrough.rules"
#define HIDE_LVM   "/etc/lvm/lvmlocal.conf"

struct sriov_plan;

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
        struct ops ops; /* in the order of the stages; of one entry, together */
        struct huge_plan
                huge; /* beside the rules: reserve_plan() makes it; done behind the initrd stage's operations */
        const struct sriov_plan *sriov; /* virtual functions that are made; NULL: nobody has looked */
};

/* config and facts must outlive the plan. */
void plan_build(const struct config *config, const struct facts *facts, struct arena *a, struct plan *ret);

/* What the plan has for a device, or NULL. */
const struct plan_entry *plan_find(const struct plan *plan, size_t device);

/* How many of the operations are of the initrd stage: those come first. */
size_t plan_initrd_ops(const struct plan *plan);
