/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Rules for udev that claim devices of buses whose syntax has taken_by: USB, serial ports. A claim is a property of the
 * device in udev's database, PASSTHROUGH_RULE=NAME, and what is below the device inherits it. Pure.
 */

#include "facts/claim.h"
#include "plan/plan.h"

#define CLAIMS_UDEV  "/run/udev/rules.d"
#define CLAIMS_FIRST "10-passthrough-claims.rules" /* before the host's rules look at a device */
/* Behind those that name and tag it, before 73-seat-late; with a rule's name behind it, it is another: act/nodes.c. */
#define CLAIMS_LAST "72-passthrough.rules"
/* For systemd-networkd, which takes the first file that fits (systemd.network(5)). */
#define CLAIMS_NETWORK "/run/systemd/network/00-passthrough.network"

/* Only a host's text has it. */
#define CLAIMS_ASK       "passthrough-demand --claim=$kernel"
#define CLAIMS_ASK_ABOVE "passthrough-demand --claim=$id" /* for the device above that udev found last */

#define CLAIM_LINK  "PASSTHROUGH_LINK" /* of what is claimed alone: the name of its node below /dev */
#define CLAIM_LINKS "passthrough"      /* what CLAIM_LINK begins with */

/* As udev takes them; NULL: it stays as it is. */
struct claims_access {
        const char *owner, *group, *mode;
};

/* The files' texts; NULL where no rule could claim anything. */
struct claims_text {
        const char *first, *last, *network;
};

/*
 * Of a host: a process decides each device that a rule of the plan may match, and none is started for others. buses:
 * NULL behind the last; left_out and access: by position in config->rules. again: an initrd has claimed devices.
 */
struct claims_text claims_udev_host(const struct plan *plan, const struct bus_source *const *buses,
                                    const bool *left_out, const struct claims_access *access, bool again,
                                    struct arena *a);

/*
 * Of a boot image, where nothing can be asked: those that the clearance has for a rule, by who they are and by what the
 * rule matches. links, by position in plan->entries: as CLAIM_LINK has it, or NULL.
 */
struct claims_text claims_udev_image(const struct plan *plan, const struct bus_source *const *buses,
                                     const struct clearance *clearance, const char *const *links,
                                     const struct claims_access *access, struct arena *a);

/* The text without the lines that claim something for rules that are skipped. */
const char *claims_udev_without(struct arena *a, const char *text, const struct words *skip);
