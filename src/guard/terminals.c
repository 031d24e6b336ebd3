/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Serial ports that the host itself talks through, whatever says so: the devices that they are on are needed for that.
 */
#include <fcntl.h>

#include "base/str.h"
#include "facts/terminals.h"
#include "guard/parts.h"
#include "guard/source.h"

#define TERMINALS "/sys/class/tty"

static void reach_plugged(struct graph *g, size_t node, const char *link)
{
        for (size_t i = 0; i < g->facts->n_devices; i++) {
                const struct device *d = &g->facts->devices[i];

                if (d->bus->interfaces && strstr(link, arena_join(g->arena, "/", d->address, "/", NULL)))
                        guard_reach(g, node, i);
        }
}

void guard_terminals(struct graph *g)
{
        _cleanup_(close_fd) int fd = root_open_at(g->root, TERMINALS, O_PATH | O_DIRECTORY);
        struct terminals terminals;
        const char **names, *unknown;
        size_t n;

        terminals_read(g->root, g->arena, g->facts->cmdline, &terminals);
        guard_list(g, TERMINALS, &names, &n);
        for (size_t i = 0; i < n; i++) {
                char link[PATH_MAX];
                const char *use;
                bool plugged;
                size_t node;

                if (streq(names[i], "console")) /* another port's name */
                        continue;
                guard_link(g, fd, TERMINALS, names[i], link);
                plugged = strstr(link, "/usb");
                if (!*link || strstr(link, "/devices/virtual/") || guard_find(g, NODE_TERMINAL, names[i]) != NO_NODE)
                        continue;
                /* Of cards, consoles.c has the rest. */
                use = plugged ? terminals_use(&terminals, names[i], &unknown) : terminals_shell(&terminals, names[i]);
                if (!plugged)
                        unknown = terminals.shells_unknown;
                if (!plugged && !use && !unknown)
                        continue;
                node = guard_add(g, NODE_TERMINAL, names[i], plugged ? "" : link);
                if (plugged)
                        reach_plugged(g, node, link);
                if (use && g->evidence->nodes[node].n_devices > 0)
                        guard_use(g, node, "%s", use);
                if (unknown)
                        guard_claim(g, node, "the host may talk through %s: %s", names[i], unknown);
        }
}
