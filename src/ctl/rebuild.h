/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The boot images' part of apply. */

#include "ctl/ctl.h"
#include "maker/build.h"

struct images {
        struct makers makers;
        struct installed_list list;
        struct image_job *jobs; /* those that are not in line */
        size_t n_jobs;
        bool left; /* some are not in line and cannot be built here; that was said */
};

/* Which are to be built; says which cannot be. 0 or the exit status. */
int images_find(struct ctl *c, const struct boot_facts *facts, struct images *ret) _must_check_;
/* Into the plan, for the journal. */
int images_add(struct ctl *c, const struct images *images, struct changes *changes) _must_check_;
/* What would be done, and why. */
void images_print(struct ctl *c, const struct images *images);
/* Whether there is room for them; to be asked before anything is written. 0 or the exit status. */
int images_check_room(struct ctl *c, const struct images *images) _must_check_;
/* 0 or the exit status; the journal has the old ones. */
int images_build(struct ctl *c, struct images *images) _must_check_;
