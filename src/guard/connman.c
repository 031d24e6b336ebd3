/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connman.conf(5): it manages all hardware, but for what begins as NetworkInterfaceBlacklist= says. */
#include "guard/connman.h"

#include "guard/source.h"

#define CONF     "/etc/connman/main.conf"
#define DEFAULTS "vmnet,vboxnet,virbr,ifb"

/* A name that udev has beside the kernel's is none to ConnMan. */
static bool is_listed(struct graph *g, const struct netif *n, const char *list)
{
        char *rest = arena_strdup(g->arena, list), *item;

        while ((item = strsep(&rest, ",; \t")))
                if (*item && startswith(n->name, item))
                        return true;
        return false;
}

void connman_declared(struct netconf *d)
{
        const char *text, *list = DEFAULTS;
        struct setting s = {.section = ""};

        if (!netconf_service(d, "/run/connman", "connman.service"))
                return;
        for (text = guard_config(d->g, CONF, false); netconf_setting(d->g, &text, &s);)
                if (streq(s.section, "General") && streq(s.key, "NetworkInterfaceBlacklist"))
                        list = s.value;
        for (size_t i = 0; i < d->n; i++) {
                const struct netif *n = &d->netifs[i];

                if (!d->g->evidence->nodes[n->node].virtual_ && !is_listed(d->g, n, list))
                        guard_use(
                                d->g, n->node,
                                "ConnMan, which manages what " CONF
                                " does not list; to exclude it, below [General] there: NetworkInterfaceBlacklist=%s,%s",
                                list, n->name);
        }
}
