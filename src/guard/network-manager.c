/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetworkManager.conf(5): it manages all hardware, but for what unmanaged-devices= lists. */
#include "guard/network-manager.h"

#include "guard/source.h"

#define CONF "/etc/NetworkManager/NetworkManager.conf"

static const char *const dirs[] = {"/etc/NetworkManager/conf.d", "/run/NetworkManager/conf.d",
                                   "/usr/lib/NetworkManager/conf.d"};

static void read_conf(struct netconf *d, const char *path, bool listed, const char **list)
{
        struct graph *g = d->g;
        const char *text = guard_config(g, path, listed);
        struct setting s = {.section = ""};
        bool managed;

        while (netconf_setting(g, &text, &s)) {
                if (startswith(s.section, "device") && streq(s.key, "managed") &&
                    (!str_to_bool(s.value, &managed) || managed))
                        d->overrules = true;
                if (streq(s.section, "keyfile") && startswith(s.key, "unmanaged-devices"))
                        /* "+=" adds; "-=" may take away anything. */
                        *list = endswith(s.key, "+")   ? arena_join(g->arena, *list, ";", s.value, NULL)
                                : endswith(s.key, "-") ? ""
                                                       : s.value;
        }
}

/* One item, "interface-name:PATTERN" and the like. */
static enum answer is_item(struct graph *g, const struct netif *n, const char *item)
{
        static const struct {
                const char *begin;
                enum netif_property property;
        } kinds[] = {{"interface-name:", NETIF_NAME}, {"mac:", NETIF_MAC},       {"driver:", NETIF_DRIVER},
                     {"type:ethernet", NETIF_TYPE},   {"type:wifi", NETIF_TYPE}, {"type:", NETIF_TYPE}};
        enum answer by_name;
        const char *value;

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                if (!startswith(item, kinds[i].begin))
                        continue;
                value = item + strlen(kinds[i].begin);
                value += *value == '=' || *value == '~';
                if (streq(item, "type:ethernet"))
                        value = "ether";
                else if (streq(item, "type:wifi"))
                        value = "wlan";
                return netif_matches(g, n, kinds[i].property, value);
        }
        if (strchr(item, ':') && strlen(item) != strlen("00:00:00:00:00:00"))
                return MAYBE;
        by_name = netif_matches(g, n, NETIF_NAME, item);
        return by_name == NEVER ? netif_matches(g, n, NETIF_MAC, item) : by_name;
}

static bool is_unmanaged(struct graph *g, const struct netif *n, const char *list)
{
        char *rest = arena_strdup(g->arena, list), *item;
        bool listed = false;

        while ((item = strsep(&rest, ",; \t"))) {
                bool except = startswith(item, "except:");
                enum answer answer = is_item(g, n, except ? item + strlen("except:") : item);

                if (except && *item && answer != NEVER)
                        return false;
                listed |= !except && *item && answer == SURELY;
        }
        return listed;
}

void network_manager_read(struct netconf *d)
{
        struct netconf_file *files;
        const char *list = "";
        size_t n;

        if (!netconf_service(d, "/run/NetworkManager", "NetworkManager.service"))
                return;
        netconf_files(d->g, dirs, ARRAY_SIZE(dirs), ".conf", &files, &n);
        for (size_t dir = ARRAY_SIZE(dirs); dir-- > 0;) {
                if (dir == 0)
                        read_conf(d, CONF, false, &list);
                for (size_t i = 0; i < n; i++)
                        if (startswith(files[i].path, dirs[dir]))
                                read_conf(d, files[i].path, true, &list);
        }
        d->unmanaged = list;
}

bool network_manager_excludes(const struct netconf *d, const struct netif *n)
{
        return !d->unmanaged || (n->ignored && !d->overrules) || is_unmanaged(d->g, n, d->unmanaged);
}

const char *network_manager_exclusion(struct graph *g, const struct netif *n)
{
        return arena_printf(g->arena,
                            "to exclude it: printf "
                            "'[keyfile]\\nunmanaged-devices+=interface-name:%s\\n' "
                            ">/etc/NetworkManager/conf.d/90-%s.conf",
                            n->name, n->name);
}

void network_manager_declared(struct netconf *d)
{
        for (size_t i = 0; i < d->n; i++) {
                const struct netif *n = &d->netifs[i];

                if (!d->g->evidence->nodes[n->node].virtual_ && !network_manager_excludes(d, n))
                        guard_use(d->g, n->node, "NetworkManager, which manages what no file excludes; %s",
                                  network_manager_exclusion(d->g, n));
        }
}
