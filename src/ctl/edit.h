/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Rules that are to be written: laid over those there are, planned, shown, and written where the plan takes them. */

#include "ctl/ctl.h"
#include "plan/propose.h"
#include "report/draft-rows.h"
#include "report/next.h"

#define RULES_DIR "/etc/passthrough.d"

struct draft {
        const char *name;
        struct proposal proposal;
        const char *path, *text; /* of its file */
        const char *state;       /* in the plan */
        const char *why;         /* why it is not written, or NULL */
        const char *reason;      /* the same in short, or NULL */
        struct draft_reason of;  /* the two parts of that, where the plan has it */
        struct draft_rows rows;  /* of the last plan that had it */
        struct strings notes;    /* what else that plan says */
        bool settled;            /* an earlier rule has it already */
        bool no_group;           /* refused for want of an IOMMU group */
        bool company;            /* refused for members of its IOMMU group that no rule takes */
};

struct edit {
        struct ctl *c;
        struct draft *drafts;
        size_t n;
        bool import;            /* what is settled is no failure, and Expect= is what earlier rules leave */
        bool show;              /* text goes to people */
        bool quiet;             /* what is wrong with the config has been said */
        struct pci_name *names; /* beside the devices; NULL: not looked up yet */
        bool one_domain;        /* addresses are shown without theirs */
        const char *with;       /* settings that the question is about, or NULL */
        const char *asks;       /* of a dry run: what a yes, which nobody gave, would give away; or NULL */
        size_t n_left;          /* that were refused */
        struct strings gone;    /* files of mdevctl's that the drafts take over: it is planned without them */
        struct situation now;   /* see edit_next_read() */
        bool situated;
};

/* The functions of this machine, with all that names them, to c->facts. 0 or the exit status. */
int edit_look(struct ctl *c) _must_check_;
/* The files of that rule in the directories of rules, by rank, and its credential; NULL where there is none. */
void edit_find(struct ctl *c, const char *name, const char *ret[static CONFIG_PLACES]);
/* A further draft; its text is made of the proposal. NULL without memory. */
struct draft *edit_add(struct edit *e, const char *name, const struct proposal *proposal);
/* Sorts out what the plan does not take. 0, or the exit status at which it ends. */
int edit_judge(struct edit *e) _must_check_;
/* What the last plan has for a draft: 0 or the exit status. */
int edit_plan(struct edit *e) _must_check_;
/* The draft's rule in the config that was planned last, or SIZE_MAX. */
size_t edit_rule(const struct edit *e, const struct draft *d);
/* What is to be written, for people. */
void edit_show(const struct edit *e);
/* Whether somebody agrees, where that can be asked; and which files were written. */
bool edit_agreed(const struct edit *e);
void edit_say_written(const struct edit *e);
/* Why a draft is not written, on standard error. */
void edit_say_refused(const struct edit *e, const struct draft *d);
/* The state that the next step is derived from, while the plan is the one of all rules. */
void edit_next_read(struct edit *e);
/* The step behind it, where something was or would be written; command: the same without --dry-run. */
void edit_next(struct edit *e, bool written, const char *command);
/* Whether there is somebody who sees a question, and can answer it. */
bool edit_can_ask(const struct edit *e);
/* Whether the answer to the question that was just printed is yes. */
bool edit_yes(void);
/* Asks where that can be, and writes. The exit status; *ret_written: whether files were. */
int edit_write(struct edit *e, bool *ret_written) _must_check_;

/* add --from= */
int import_rules(struct ctl *c) _must_check_;
