/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host answers on. Where no interface shows or is declared that may be it, any network controller, USB
 * controller or modem may be the way to it, unless [Host] tells.
 */
#include "base/str.h"
#include "config/settings.h"
#include "guard/parts.h"

static bool shows(const struct evidence *e)
{
        for (size_t i = 0; i < e->n_uses; i++)
                if (e->nodes[e->uses[i].node].kind == NODE_INTERFACE && guard_on_hardware(e, e->uses[i].node))
                        return true;
        return false;
}

void guard_uplink(struct graph *g)
{
        struct diags diags = {.arena = g->arena};
        struct evidence *e = g->evidence;
        struct settings_file *files;
        struct settings settings;
        bool whole = true;
        size_t n;
        int k;

        /* What shows of a network that is not wholly known need not be it. */
        if (!g->remote && !e->network_unknown && (e->up_unknown || e->bridge_alone || shows(e)))
                return;
        k = settings_files(g->root, g->arena, &diags, &files, &n);
        for (size_t i = 0; k >= 0 && i < n; i++)
                whole &= files[i].size == 0 || files[i].text[files[i].size - 1] == '\n';
        if (k >= 0)
                settings_read(g->arena, &diags, files, n, &settings);
        if (k < 0 || !whole || diags.n_errors > 0) {
                e->uplink_unknown = "no interface shows that the host answers on, and passthrough.conf, which may have "
                                    "Uplink=, cannot be read as a whole";
                return;
        }
        for (size_t i = 0; i < settings.n_uplink; i++) {
                size_t node = guard_find(g, NODE_INTERFACE, settings.uplink[i]);

                if (streq(settings.uplink[i], "none")) {
                        e->no_uplink = true;
                        break;
                }
                if (node == NO_NODE)
                        guard_unknown(g, &e->uplink_unknown, "Uplink= of passthrough.conf names %s, which is not here",
                                      settings.uplink[i]);
                else
                        guard_use(g, node, "Uplink= of passthrough.conf");
        }
        if (settings.n_uplink > 0 && !(e->no_uplink && g->remote))
                return;
        if (g->remote)
                guard_unknown(
                        g, &e->network_unknown,
                        "%s; name the interface that it uses in /etc/passthrough.conf, below [Host]: Uplink=INTERFACE",
                        g->remote);
        e->uplink_unknown =
                e->network_unknown
                        ? e->network_unknown
                        : "no interface has a route or is declared, so the host may answer on this one; name the one "
                          "that it answers on in /etc/passthrough.conf, below [Host]: Uplink=INTERFACE, or Uplink=none";
}
