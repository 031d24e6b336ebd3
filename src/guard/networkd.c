/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd.network(5): the first file that matches an interface has it. */
#include "guard/networkd.h"

#include "guard/source.h"

static const char *const dirs[] = {"/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network",
                                   "/usr/lib/systemd/network"};

/* What a file says of one interface. */
struct verdict {
        enum answer matches;
        bool exact; /* by a name or an address that is no pattern */
        bool unmanaged;
};

static const char *const keys[] = {"Name", "MACAddress", "PermanentMACAddress", "Driver", "Type", "Path", "Kind"};

static struct verdict judge(struct graph *g, const struct netif *n, const char *text)
{
        enum answer is[ARRAY_SIZE(keys) + 1] = {};
        struct verdict v = {.matches = SURELY};
        struct setting s = {.section = ""};

        while (netconf_setting(g, &text, &s)) {
                int key = str_index(s.key, keys, ARRAY_SIZE(keys));
                enum netif_property p = key < 0 ? NETIF_PROPERTY_MAX_ : (enum netif_property)key;
                enum answer answer;

                if (streq(s.section, "Link") && streq(s.key, "Unmanaged") && !str_to_bool(s.value, &v.unmanaged))
                        v.unmanaged = false;
                if (!streq(s.section, "Match"))
                        continue;
                answer = netif_matches(g, n, p, s.value);
                is[p] = !*s.value ? UNASKED : answer > is[p] ? answer : is[p];
                v.exact |= answer == SURELY && p <= NETIF_PERMANENT_MAC && !strpbrk(s.value, "!*?[");
        }
        for (size_t i = 0; i < ARRAY_SIZE(is); i++)
                if (is[i] != UNASKED && is[i] < v.matches)
                        v.matches = is[i];
        return v;
}

static const char *read_files(struct netconf *d, const struct netconf_file *file)
{
        const char *text = guard_config(d->g, file->path, true), *below[ARRAY_SIZE(dirs)];
        struct setting s = {};
        struct netconf_file *dropins;
        size_t n;

        if (!*text)
                return text;
        for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
                below[i] = arena_join(d->g->arena, dirs[i], "/", file->name, ".d", NULL);
        netconf_files(d->g, below, ARRAY_SIZE(below), ".conf", &dropins, &n);
        for (size_t i = 0; i < n; i++)
                text = arena_join(d->g->arena, text, guard_config(d->g, dropins[i].path, true), NULL);
        for (const char *rest = text; netconf_setting(d->g, &rest, &s);)
                netconf_bridge(d, arena_join(d->g->arena, s.key, "=", s.value, NULL));
        return text;
}

static void take(struct netconf *d, const struct netif *n, const char *path, bool exact)
{
        if (exact)
                guard_use(d->g, n->node, "%s", path);
        else
                guard_use(d->g, n->node,
                          "%s, by a pattern; if systemd-networkd is to leave it alone: printf "
                          "'[Match]\\nName=%s\\n[Link]\\nUnmanaged=yes\\n' >%s/00-%s.network",
                          path, n->name, dirs[0], n->name);
}

void networkd_declared(struct netconf *d)
{
        static const char *const marks[] = {"/run/systemd/netif/state",
                                            "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
                                            "/usr/lib/systemd/system/multi-user.target.wants/systemd-networkd.service"};
        bool runs = netconf_runs(d, marks, ARRAY_SIZE(marks));
        struct netconf_file *files;
        const char **texts;
        size_t n;

        netconf_files(d->g, dirs, ARRAY_SIZE(dirs), ".network", &files, &n);
        texts = arena_alloc(d->g->arena, n * sizeof(*texts));
        for (size_t i = 0; i < n; i++)
                texts[i] = read_files(d, &files[i]);
        for (size_t i = 0; i < d->n; i++)
                for (size_t f = 0; f < n; f++) {
                        struct verdict v = judge(d->g, &d->netifs[i], texts[f]);

                        if (!*texts[f] || v.matches == NEVER || (v.unmanaged && v.matches == MAYBE))
                                continue;
                        if (!v.unmanaged && (v.exact || runs))
                                take(d, &d->netifs[i], files[f].path, v.exact);
                        break;
                }
}
