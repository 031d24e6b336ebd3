/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What ids= of vfio-pci and pci-stub would do with the devices of this machine, beside what the plan does. Pure. */

#include "facts/ids.h"
#include "plan/plan.h"

struct ids_effect {
        const struct ids_line *line;
        /* What has the driver there before a rule does, with that line; or (NULL) why the line does nothing. */
        const char *by, *idle;
        const char *fix; /* what to remove, so that the line does nothing or is gone */
        bool ruled;      /* some of the devices are handed over by rules */
        /* The others, or NULL: "0000:02:00.0 (8086:10d3)", separated by ", "; and why the host needs those that it
         * needs. */
        const char *others, *needed;
};

/* One for each line; returns how many. plan: with details of all devices. */
size_t ids_effects(const struct plan *plan, const struct ids *ids, struct arena *a, struct ids_effect **ret);

/* Whether somebody else's load takes a device that no rule hands over. */
static inline bool ids_take(const struct ids_effect *e)
{
        return e->by && e->others;
}

/* What else can be done about a line that takes a device, behind its fix; "" for nothing: the host needs the device. */
static inline const char *ids_instead(const struct ids_effect *e)
{
        return e->needed || e->line->cmdline || !ids_take(e)
                       ? ""
                       : "; or have rules hand them over, as passthroughctl add --from=modprobe writes them";
}

/* A sentence, of any line but one that means no device here and of one that takes what rules hand over, too: NULL. */
const char *ids_text(const struct ids_effect *e, struct arena *a);
