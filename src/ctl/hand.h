/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What bind and release share: work by hand, now. */

#include "ctl/ctl.h"
#include "report/outcome.h"

#define PATIENCE 10 /* seconds that a driver has to let go or to take hold */

struct hand {
        struct ctl *c;
        int lock;
        struct record record;   /* this boot's */
        struct record document; /* of this command, for --json */
        const char *rule;       /* what was named: a rule, or (NULL) a device */
        size_t device;
        bool bad; /* something was not done */
};

/* The lock, the record, the plan of this moment, and what the argument means. 0 or the exit status. */
int hand_open(struct hand *h) _must_check_;
void hand_close(struct hand *h);

/* To the journal, and to people; failures on standard error. */
void hand_tell(struct hand *h, const struct outcome *o);
/* What a rule as a whole is. */
void hand_tell_rule(struct hand *h, const struct record_rule *rule);
/* What is wrong about a rule; text goes behind its name. */
void hand_complain(struct hand *h, const char *rule, const char *text);

/* Nodes and links of a rule, as the record has it now. */
void hand_nodes(struct hand *h, const char *rule);

/* Writes the record and prints the document; the exit status. k: 0, or the -errno at which it ended. */
int hand_finish(struct hand *h, int k) _must_check_;
