/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcpcd.conf(5): it manages all hardware that its patterns allow and do not deny. */
#include "guard/dhcpcd.h"

#include "guard/fields.h"
#include "guard/source.h"

#define CONF "/etc/dhcpcd.conf"

struct lists {
        const char *allowed, *denied, *named; /* patterns, and names */
};

/* The word that a line begins with, and the rest of it. */
static const char *behind(const char *line, const char *word)
{
        const char *rest = startswith(line, word) ? line + strlen(word) : "";

        return strchr(" \t", *rest) && *rest ? rest + 1 : NULL;
}

static void add(struct graph *g, const char **list, const char *more)
{
        char *text = arena_join(g->arena, *list, " ", more, NULL);

        for (char *c = strpbrk(text, ",\""); c; c = strpbrk(c, ",\""))
                *c = ' ';
        *list = text;
}

static void read_conf(struct netconf *d, struct lists *l)
{
        const char *text = guard_config(d->g, CONF, false), *line, *end, *value;
        bool block = false; /* what follows is of one interface or network */

        while ((line = guard_line(&text, &end))) {
                line = str_trim(arena_strndup(d->g->arena, line, (size_t)(end - line)));
                if ((value = behind(line, "interface"))) {
                        add(d->g, &l->named, value);
                        netconf_wanted(d, CONF, value, true);
                } else if ((value = behind(line, "allowinterfaces")) && !block)
                        add(d->g, &l->allowed, value);
                else if ((value = behind(line, "denyinterfaces")) && !block)
                        add(d->g, &l->denied, value);
                block |= behind(line, "interface") || behind(line, "ssid") || behind(line, "profile");
        }
}

void dhcpcd_declared(struct netconf *d)
{
        bool runs = netconf_service(d, "/run/dhcpcd/pid", "dhcpcd.service") ||
                    netconf_service(d, "/run/dhcpcd.pid", "dhcpcd.service");
        struct lists l = {"", "", ""};

        read_conf(d, &l);
        for (size_t i = 0; i < d->n; i++) {
                const struct netif *n = &d->netifs[i];

                if (netif_matches(d->g, n, NETIF_NAME, l.denied) == SURELY)
                        continue;
                if (netif_named(n, l.named))
                        guard_use(d->g, n->node, "%s", CONF);
                else if (runs && !d->g->evidence->nodes[n->node].virtual_ &&
                         (!*l.allowed || netif_matches(d->g, n, NETIF_NAME, l.allowed) != NEVER))
                        guard_use(d->g, n->node,
                                  "dhcpcd, which manages what " CONF
                                  " does not deny; to exclude it, put on top of that file: denyinterfaces %s",
                                  n->name);
        }
}
