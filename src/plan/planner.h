/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The steps of plan_build(), each in a file of its own. */

#include "plan/plan.h"

#define NO_RULE SIZE_MAX

struct use;

/* Who a device is, where it was recorded. */
struct identity {
        const struct clearance_device *is; /* NULL: nobody known */
        const struct rule *rule;           /* the one it was recorded for */
        size_t record;                     /* its position in the clearance */
        const char *moved;                 /* how it was told where it is not where it was, or NULL */
        bool early;   /* who it is shows before any driver has it; of a disk, its own serial number does not */
        bool known;   /* the host has cleared whoever was recorded; cleared: and this is it, for all that shows */
        bool cleared; /* the host did not need it, and its root and network are told as then */
};

/* Where a recorded device is now. */
struct recorded {
        const struct rule *rule; /* NULL: its text is another since */
        size_t device;           /* or NO_DEVICE */
        const char *why;         /* why not */
};

struct planner {
        const struct config *config;
        const struct facts *facts;
        struct arena *arena;
        struct plan *plan;
        size_t *entry_of;            /* by device: its entry, or NO_ENTRY */
        const char **needed;         /* by device: how the host depends on it, or NULL */
        const struct use **uses;     /* by device: the use at the end of that */
        struct identity *identities; /* by device */
        struct recorded *recorded;   /* by position in the clearance */
        const size_t *asked;         /* by device: the rule that means it alone, or NO_RULE; NULL: none is asked for */
        size_t n_matching;           /* rules that go by what they match: those that are asked for stand behind them */
};

static inline const struct device *entry_device(const struct planner *p, const struct plan_entry *e)
{
        return &p->facts->devices[e->device];
}

/* An entry for a device that has none yet. Pointers to entries do not survive this. */
void planner_add(struct planner *p, size_t device, size_t rule, enum action action, enum reason_kind kind,
                 const char *reason);

/* ACTION_BIND becomes ACTION_REFUSE; an entry refused already keeps its first reason. */
void planner_refuse_for(struct plan_entry *e, enum reason_kind kind, const char *text, const char *about,
                        const char *more);
/* The same; about: as the kind has it, or NULL. */
void planner_refuse(struct planner *p, struct plan_entry *e, enum reason_kind kind, const char *about,
                    const char *format, ...) _printf_(5, 6);
/* Whether the host needs the entry's device, which the entry then has; and *ret. */
bool planner_needed(struct planner *p, struct plan_entry *e, struct reason *ret);

/* plan.c: all the steps. asked (NULL: none) has rules of config behind the first n_matching, see above. */
void planner_run(const struct config *config, const struct facts *facts, const size_t *asked, size_t n_matching,
                 struct arena *a, struct plan *ret);

/* identity.c: who the devices are, whatever their addresses. */
void planner_identify(struct planner *p);
/* Whether the device is one that was recorded for the rule, and would be matched where it was. */
bool planner_follows(const struct planner *p, size_t device, const struct rule *rule);
/* *ret: why a device that the rule matches is not the one that was recorded there; NULL where nothing says so. */
void planner_impostor(struct planner *p, size_t device, const struct rule *rule, const char **ret);
void planner_company(struct planner *p);
/*
 * How many devices that were recorded for the rule do not show because what they are below has none of its own now, and
 * is taken: *ret, the entry.
 */
size_t planner_hidden(const struct planner *p, const struct rule *rule, size_t *ret);
/* "; ..." about a recorded device of the rule that is not found, "" where all are. */
const char *planner_lost_of(const struct planner *p, const struct rule *rule);

/* guard.c: what the host needs, and what it may need. */
void planner_guard(struct planner *p);
void planner_keyboards(struct planner *p);
/* Whether that it is free is not known, and why: *ret. */
bool planner_uncleared(struct planner *p, const struct plan_entry *e, struct reason *ret);

/* choose.c: which rule decides which device, and what comes along. */
void planner_match(struct planner *p);
void planner_skipped(struct planner *p);
void planner_companions(struct planner *p);
/* Whether the entry is a virtual function that its own rule makes. */
bool planner_makes(const struct planner *p, const struct plan_entry *e);
/* Whether what it matches takes the other functions of its slot along. */
bool planner_takes_slot(const struct planner *p, const struct plan_entry *e);
/* The topmost entry that is taken and that the device is below, or NO_ENTRY. */
size_t planner_carrier(const struct planner *p, size_t device);
/* From now on the entry goes along with that one, or with none any more. */
void planner_carry(struct planner *p, struct plan_entry *e, size_t carrier);
/* Whether it comes with the display of its card, and has buses of its own, of which this image knows nothing. */
bool planner_on_display(const struct planner *p, const struct plan_entry *e);
/* Whether a member of the entry's group is a part of the chipset that nobody takes and that holds nobody back. */
bool planner_leaves(const struct planner *p, const struct plan_entry *e, size_t device);

/* expect.c: how many devices each rule has matched. */
void planner_expect(struct planner *p);

/* controllers.c: a rule for a device and another's for the controller that it is on. */
void planner_controllers(struct planner *p);

/* stages.c: all of a group, and what goes along with what, at the same stage. */
void planner_stages(struct planner *p);

/* refuse.c: what must not be taken, alone or with its group or slot. */
void planner_refusals(struct planner *p);

/* ops.c: what is done, in order, and the way back of each entry. */
void planner_operations(struct planner *p);

/* hide.c: what keeps storage that is taken in this later stage from being assembled until then. */
void planner_hide(struct planner *p, enum stage later, struct ops *ops);
