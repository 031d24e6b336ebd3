/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The text of a rule for devices that are there: what names them so that it survives renumbering. Pure. */

#include "facts/facts.h"

/*
 * The lines of [Match] that name these functions and no others; *ret NULL where one rule cannot, with *ret_why.
 */
void propose_match(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                   const char **ret_why);

/* Whether a function goes along with another, a display in its slot, unasked. */
bool propose_goes_along(const struct facts *facts, size_t device, size_t with);

struct proposal {
        const char *comment;   /* lines, each with its '#'; or "" */
        const char *match;     /* lines of [Match] */
        size_t expect;         /* devices */
        size_t n_removable;    /* of these, that may be away */
        const char **settings; /* lines of [Device] */
        size_t n_settings;
        const char *functions; /* VirtualFunctions= of [SR-IOV]; NULL: none are made */
        const char *gpus;      /* the sections [VirtualGPU], whole; NULL: none are made */
};

/* The whole file. */
const char *propose_text(struct arena *a, const struct proposal *p) _must_check_;
