/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The line that says what became of a device, in the journal and to people alike. */

#include "report/log.h"
#include "state/merge.h"

struct outcome {
        enum log_level level;
        const char *message_id, *rule, *device;
        const char *text;   /* NULL: there is nothing to say */
        const char *fields; /* of the journal, or NULL */
        bool bad;           /* it is not as it was to be */
};

/* The journal's line, if there is something to say; quietly: and no other. */
void outcome_log(const struct root *root, const struct outcome *o, bool quietly);
/* A rule that as a whole is not as it was to be. */
struct outcome outcome_of_rule(struct arena *a, const struct record_rule *rule);
/* A device that was to be taken; file: its rule's, or NULL. */
struct outcome outcome_of(struct arena *a, const struct record_device *d, const char *file);
/* An entry of a plan that was carried out. */
struct outcome outcome_of_entry(struct arena *a, const struct plan *plan, size_t entry, const struct result *result);
/* A device that was given back, because no root file system was found; d->reason says so. */
struct outcome outcome_of_rescue(struct arena *a, const struct record_device *d);
/* A device that was to be given back; refused: why it was not, or NULL. */
struct outcome outcome_of_release(struct arena *a, const struct device *d, const char *rule, const char *refused,
                                  const struct result *result);
