/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Unified kernel images whose addon brings the rules, or did: the addons' initrds as a part of apply. */

#include "ctl/ctl.h"
#include "loader/loader.h"
#include "maker/carrier.h"

struct carry {
        const struct installed *image;
        const struct payload *now; /* what the addon is to bring; NULL: nothing */
        const char *why;           /* what it brings is not that; NULL: it is */
        bool made;                 /* it is written in this run */
};

struct carries {
        struct carry *v;
        size_t n;
        bool any;     /* an addon is written for them */
        bool changes; /* an addon's initrd comes, goes or becomes another one */
};

void carry_add(struct ctl *c, struct carries *carries, const struct carry *carry);
/* Into the plan: which addons are to be made or to go. */
void carry_plan(struct ctl *c, struct carries *carries, struct boot_plan *plan);
/* What would be done, and why; false: nothing. */
bool carry_print(struct ctl *c, const struct carries *carries);
/* What is packed into the addon of that change, if anything: 0 or the exit status. */
int carry_make(struct ctl *c, const struct carries *carries, struct change *change) _must_check_;
/* Once all is written: looks whether it is there. 0 or the exit status. */
int carry_verify(struct ctl *c, const struct carries *carries) _must_check_;
