/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The steps that the runs have in common. All but the last return 0 or -errno. */

#include "report/outcome.h"
#include "state/record.h"

struct run {
        const struct root *root;
        struct arena arena;
        struct diags diags;
        struct config config;
        struct facts facts;
        struct plan plan;
        struct result *results; /* beside plan.entries */
        struct record record;
};

/* What can be known of the machine, and what has to be. */
enum moment {
        RUN_INITRD,
        RUN_ROOT,
        RUN_HOST, /* past them, and not up yet */
        RUN_UP,
};

/* all: details of every device, where the record may speak of some that no rule does any more. */
int run_load(struct run *r, bool all, enum moment moment) _must_check_;
int run_read_record(struct run *r) _must_check_;
void run_log_device(struct run *r, size_t entry);
void run_free(struct run *r);
