/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A snapshot without what identifies its machine, or opens something. */

#include "config/config.h"
#include "ctl/anonymise.h"
#include "ctl/snapshot.h"
#include "facts/facts.h"

struct replacing {
        struct names names; /* for snapshot_write() */
        struct anonymiser anonymiser;
};

/* Learns what is secret, and replaces it in all files. 0 or -errno. */
int replacing_prepare(struct replacing *r, struct arena *a, struct snapshot *s, const struct config *config,
                      const struct facts *facts) _must_check_;
/* Records know a rule by the digest of its text, which by now is another one: they are put right in what was written. 0
 * or -errno. */
int replacing_digests(struct replacing *r, struct snapshot *s, const struct root *to) _must_check_;
