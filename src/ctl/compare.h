/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A captured machine under two configs: its own, and the one that it may get. Nothing is written to it. */

#include "ctl/ctl.h"
#include "report/against.h"

/* It must not move: its parts point at each other. */
struct comparison {
        struct ctl there; /* the machine; once compared, with the config that it may get, and the plan of that */
        const char *dir;  /* where the capture is, for messages and documents */
        struct config own;
        struct diags errors; /* of its own config; their files are named as this host knows them */
        struct facts as_it_is;
        struct plan before;
        struct against found;
};

/* The config is the one that c has loaded. NULL, or why the machine cannot be planned. */
const char *comparison_make(struct comparison *x, const struct ctl *c, const char *dir) _must_check_;
/* A rule matches nothing there that names a serial number or a machine ID, and the capture has others in their place.
 */
bool comparison_is_blind(const struct comparison *x);
void comparison_free(struct comparison *x);
