/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Why a device stays with the host, in a few words: the plan's own sentence, shortened. */

#include "base/arena.h"

struct brief {
        const char *words;  /* behind "held"; "" where there is nothing to say */
        const char *detail; /* what the words leave out, or NULL */
};

/* The short form of a reason that plan/handover.h or a plan's entry gives. */
struct brief brief_of(struct arena *a, const char *reason) _must_check_;
