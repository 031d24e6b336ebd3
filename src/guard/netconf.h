/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the readers of network configuration have in common. */

#include "guard/netif.h"

struct netconf {
        struct graph *g;
        struct netif *netifs;
        size_t n;
        bool bridge, ports; /* a bridge is declared, and something is to be a port of one */
};

/* One file or another of a manager is there while it runs, or from when it is enabled; what cannot be told is there. */
bool netconf_runs(struct netconf *d, const char *const *marks, size_t n);
/* Notes what a line of configuration says of bridges. */
void netconf_bridge(struct netconf *d, const char *line);

struct setting {
        const char *section, *key, *value;
};

/* The next "key=value" of a file in sections, with the lines that it goes on for. Starts out zeroed; false at the end.
 */
bool netconf_setting(struct graph *g, const char **text, struct setting *s);

struct netconf_file {
        const char *name, *path;
};

/* By name; of those of one name the one in the first of the directories. */
void netconf_files(struct graph *g, const char *const *dirs, size_t n_dirs, const char *suffix,
                   struct netconf_file **ret, size_t *ret_n);
