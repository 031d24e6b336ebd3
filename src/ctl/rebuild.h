/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The boot images' part of apply. */

#include "ctl/carry.h"
#include "ctl/tell.h"
#include "maker/build.h"
#include "maker/running.h"

struct rebuild {
        struct makers makers;
        struct installed_list list;
        struct running running;
        struct image_job *jobs; /* those that are not in line */
        size_t n_jobs;
        const char *build; /* what people run in place of the maker; or NULL */
        struct carries carries;
        bool left; /* some are not in line and cannot be built here; that was said */
};

/* What there is. Returns why the rules would not get into the image that boots; NULL: they would, or there are none. */
const char *rebuild_look(struct ctl *c, const struct boot_facts *facts, struct rebuild *ret) _must_check_;
/* What people can do about it by themselves. */
void rebuild_by_hand(struct ctl *c, const struct rebuild *r, const struct boot_facts *facts, struct strings tokens);
/* After rebuild_look(): which are to be built; says which cannot be. 0 or the exit status. */
int rebuild_find(struct ctl *c, const struct boot_facts *facts, struct rebuild *ret) _must_check_;
/*
 * If other entries may load the same images: new ones get names of their own, which no entry has, and ours are planned
 * to load those.
 */
void rebuild_move(struct ctl *c, struct rebuild *r, struct boot_plan *plan);
/* Whether those are all there still. 0 or the exit status. */
int rebuild_moved(struct ctl *c, const struct rebuild *r) _must_check_;
/* Into the plan, for the journal. */
int rebuild_add(struct ctl *c, const struct rebuild *r, struct changes *changes) _must_check_;
/* What would be done, and why. */
void rebuild_print(struct ctl *c, const struct rebuild *r);
/* Whether there is room for them, and for one that is tried before, or NULL; to be asked before anything is written. 0
 * or the exit status. */
int rebuild_check_room(struct ctl *c, const struct rebuild *r, const struct image_job *tried) _must_check_;
/* What came of building an image at path, behind what is told already; k: what the builder returned. 0 or the exit
 * status. */
int rebuild_tell(struct ctl *c, const struct image_job *job, const char *path, const struct telling *t,
                 int k) _must_check_;
/* 0 or the exit status; the journal has the old ones. */
int rebuild_run(struct ctl *c, struct rebuild *r) _must_check_;
