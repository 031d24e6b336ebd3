/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Why a device stays with the host, in a few words: made of the reason's kind, and of what it is about. */

#include "plan/handover.h"

struct brief {
        const char *words;  /* behind "held"; "" where there is nothing to say */
        const char *detail; /* what the words leave out, or NULL */
};

/* The short form of why a device is not handed over. */
struct brief brief_of(struct arena *a, const struct facts *facts, size_t device,
                      const struct handover *handover) _must_check_;
/* A reason's text without what to do about it: that stands behind the first ';'. */
const char *brief_why(struct arena *a, const char *text) _must_check_;
