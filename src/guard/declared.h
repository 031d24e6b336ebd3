/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the host's network configuration declares: ifupdown, netplan, wicked, NetworkManager, networkd, command line. */

#include "guard/netif.h"

struct declared {
        struct graph *g;
        struct netif *netifs;
        size_t n;
        bool bridge, ports; /* a bridge is declared, and something is to be a port of one */
};

/* One file or another of a manager is there while it runs, or from when it is enabled; what cannot be told is there. */
bool declared_runs(struct declared *d, const char *const *marks, size_t n);
/* Notes what a line of configuration says of bridges. */
void declared_bridge(struct declared *d, const char *line);

struct setting {
        const char *section, *key, *value;
};

/* The next "key=value" of a file in sections, with the lines that it goes on for. Starts out zeroed; false at the end.
 */
bool declared_setting(struct graph *g, const char **text, struct setting *s);

struct declared_file {
        const char *name, *path;
};

/* By name; of those of one name the one in the first of the directories. */
void declared_files(struct graph *g, const char *const *dirs, size_t n_dirs, const char *suffix,
                    struct declared_file **ret, size_t *ret_n);

/* networkd.c, network-manager.c: what daemons take by pattern, or because nothing says that they must not. */
void declared_networkd(struct declared *d);
void declared_network_manager(struct declared *d);
