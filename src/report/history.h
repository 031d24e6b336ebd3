/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What an earlier boot did, from the lines that it left in the journal. */

#include "report/status.h"

/* A line; what is not known is NULL. Of one that came by the kernel log there is the message alone. */
struct history_line {
        const char *message, *rule, *bus, *device, *file, *state, *driver, *from, *reason, *kind, *about, *id, *class,
                *group;
        uint64_t at_us;
};

/* In the order they were written. */
void history_add(struct status *status, struct arena *a, const struct history_line *line);
/* After the last. */
void history_finish(struct status *status, struct arena *a);
