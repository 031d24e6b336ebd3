/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Who else sets virtual functions up: systemd.link(5) and systemd.network(5), NetworkManager's keyfiles, mdevctl,
 * the network operator of Kubernetes, units for NVIDIA's cards (Proxmox VE's and NVIDIA's own).
 */

#include <stdbool.h>

#include "base/root.h"

enum owner_kind {
        OWNER_LINK,
        OWNER_NETWORK,
        OWNER_NETWORK_MANAGER,
        OWNER_MDEVCTL,
        OWNER_OPERATOR,
        OWNER_PROXMOX,
        OWNER_KIND_MAX_,
};

struct owner {
        enum owner_kind kind;
        const char *file;
        bool unreadable;     /* what is in it is not known */
        bool claims;         /* it sets virtual functions up; of the first two kinds those are here that do not, too */
        const char *address; /* of the last three kinds: the device, or "ALL" */
        struct owner_match { /* of the others: which interfaces it is about */
                const char *key, *value;
        } * matches;
        size_t n_matches;
};

/* Of one kind, in the order in which they are tried. */
struct owners {
        struct owner *v;
        size_t n;
};

void owners_read(const struct root *root, struct arena *a, struct owners *ret);
/* Those of OWNER_PROXMOX alone. */
void owners_read_nvidia(const struct root *root, struct arena *a, struct owners *ret);
