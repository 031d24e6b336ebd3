/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A file that other programs read, kept as show has it. */

#include "ctl/ctl.h"
#include "export/export.h"

/* In the next three, page is the one that --format= asks for, or NULL. */

/* Whether --output= and --follow have what they need: 0, or the exit status. */
int publish_check(const struct ctl *c, const struct exporter *page) _must_check_;
/* The file that is asked for, or NULL. */
const char *publish_file(const struct ctl *c, const struct exporter *page);
/*
 * Replaces the file as a whole if its text is another; without text there is none. 0 or the exit status.
 */
int publish_page(struct ctl *c, const struct exporter *page, const struct shown *shown) _must_check_;

/*
 * Runs once, in a process of its own, and again behind each change of what this boot has done. A signal that ends it
 * removes the file: nobody keeps it any more. The exit status.
 */
int publish_follow(struct ctl *c, const char *path, int (*once)(struct ctl *c)) _must_check_;
