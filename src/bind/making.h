/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the runs have in common that make devices of others, virtual functions and virtual GPUs: they wait for the
 * parents, make what is to be there, and take it as any other device of a rule. What stands in the way is in the
 * record, where the rule's own service finds it.
 */

#include "bind/run.h"

#define MAKING_PATIENCE 20 /* seconds that a write has */

/* One that devices are made of, as the plan has it. */
struct making_parent {
        size_t entry;
        const char *waits;   /* for what, where it is not ready yet; or NULL */
        const char *refused; /* why nothing is done; or NULL */
};

enum making_end {
        MAKING_DONE,
        MAKING_FAILED, /* the last problem says why, and there is nothing to take */
        MAKING_PARTLY, /* the last problem says why, and what is there is taken */
};

/* What is made. */
struct making {
        const char *what; /* "virtual functions" */
        bool (*means)(const struct rule *rule);
        void (*plan)(struct run *r); /* adds it to the plan */
        size_t (*count)(const struct run *r);
        struct making_parent (*parent)(const struct run *r, size_t parent);
        enum making_end (*make)(struct run *r, size_t parent, struct diags *problems);

        /* NULL where there is nothing of the kind. */

        /* Whether the rule has what is made here already, and nothing is to be looked at. */
        bool (*idle)(const struct run *r, const char *rule);
        /* Once what is there was taken. */
        void (*finish)(struct run *r, size_t parent, struct diags *problems);
        /* NULL: nothing is taken. */
        int (*take)(const struct root *root, const char *rule);
        /* How many there are of how many, where that is not all; or NULL. */
        const char *(*fewer)(const struct plan *plan, size_t rule, struct arena *a);
};

enum making_when {
        MAKING_IN_BOOT,
        MAKING_BY_HAND,   /* the rule as it is now; nothing is waited for long */
        MAKING_ON_DEMAND, /* likewise, by a service */
};

/* enum run_end or -errno. */
int making_run(const struct root *root, const struct making *m, const char *rule, enum making_when when) _must_check_;

/* Everything as it is now. 0 or -errno. */
int making_look(struct run *r, const struct making *m) _must_check_;
/* The same, once the rule's parents are ready, or some time was spent on that. */
int making_look_until_ready(struct run *r, const struct making *m, const char *rule) _must_check_;
/* Whether it is the rule as it is now, and no boot's. */
bool making_now(void);
/* The parent's, which is one of the rule; else NULL. */
const char *making_address(const struct run *r, const struct making *m, size_t parent, const char *rule);
/*
 * The problems from first on. By hand, the program that has run this one reads it; a service's lines are the journal's
 * alone.
 */
void making_say(const struct root *root, const char *rule, const char *device, const struct diags *problems,
                size_t first);
/* Where it is made by hand, or taken away. */
void making_is_by_hand(void);
