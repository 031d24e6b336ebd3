/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the readers of network configuration have in common. */

#include "guard/netif.h"

struct netconf_file {
        const char *name, *path;
};

struct netconf {
        struct graph *g;
        struct netif *netifs;
        size_t n;
        bool bridge, ports; /* a bridge is declared, and something is to be a port of one */

        struct netconf_file *networkd; /* its *.network files, and what they say with their drop-ins */
        const char **networkd_texts;
        size_t n_networkd;
        bool overrules;        /* NetworkManager is told to manage some device whatever udev says */
        const char *unmanaged; /* what NetworkManager is told to leave alone; NULL where it does not run */
};

/* One file or another of a manager is there while it runs, or from when it is enabled; what cannot be told is there. */
bool netconf_runs(struct netconf *d, const char *const *marks, size_t n);
/* The same of a service: by what it has below /run, and by the link that enables it. */
bool netconf_service(struct netconf *d, const char *run, const char *unit);
/* Notes what a line of configuration says of bridges. */
void netconf_bridge(struct netconf *d, const char *line);
/*
 * Names and addresses that a file declares: one that no interface has is noted. Of words of any kind: those alone that
 * look like what the kernel and udev call a card.
 */
void netconf_wanted(struct netconf *d, const char *file, const char *words, bool any_kind);

struct setting {
        const char *section, *key, *value;
};

/* The next "key=value" of a file in sections, with the lines that it goes on for. Starts out zeroed; false at the end.
 */
bool netconf_setting(struct graph *g, const char **text, struct setting *s);

/* By name; of those of one name the one in the first of the directories. */
void netconf_files(struct graph *g, const char *const *dirs, size_t n_dirs, const char *suffix,
                   struct netconf_file **ret, size_t *ret_n);
