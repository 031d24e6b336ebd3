/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What documents have of two plans of one machine, and the document of many machines, which is made one by one. */

#include "base/diag.h"
#include "report/against.h"

struct json_object;

/* What fares otherwise than by the machine's own config: "changes". */
void json_changes(struct json_object *o, const struct against *against);

struct fleet_tally {
        size_t unchanged, changed, unreadable;
        size_t losing; /* of those that change: a device at least is no longer handed over */
        size_t faulty; /* of all: its own config has an error */
};

struct json_object *json_fleet_begin(void) _must_check_;
/* A machine: what changes, or why it is not known, and then nothing does. errors: of its own config. */
void json_fleet_add(struct json_object *document, const char *dir, const char *problem, const struct against *against,
                    const struct diags *errors);
/* errors: of the config that the machines may get. */
void json_fleet_end(FILE *f, struct json_object *document, const struct fleet_tally *tally, const struct diags *errors);
