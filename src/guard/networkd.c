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
                v.exact |= (answer == SURELY || (answer == MAYBE && p == NETIF_NAME)) && p <= NETIF_PERMANENT_MAC &&
                           !strpbrk(s.value, "!*?[");
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

static bool leaves_alone(struct graph *g, const char *text)
{
        struct setting s = {.section = ""};
        bool yes = false;

        while (netconf_setting(g, &text, &s))
                if (streq(s.section, "Link") && streq(s.key, "Unmanaged") && !str_to_bool(s.value, &yes))
                        yes = false;
        return yes;
}

/* What a file has that would match a card if it had a driver. */
static void want(struct netconf *d, const char *path, const char *text)
{
        struct setting s = {.section = ""};

        if (leaves_alone(d->g, text))
                return;
        while (netconf_setting(d->g, &text, &s))
                if (streq(s.section, "Match") && !startswith(s.value, "!") && str_index(s.key, keys, 3) >= 0)
                        netconf_wanted(d, path, s.value, true);
}

void networkd_read(struct netconf *d)
{
        netconf_files(d->g, dirs, ARRAY_SIZE(dirs), ".network", &d->networkd, &d->n_networkd);
        d->networkd_texts = arena_alloc(d->g->arena, d->n_networkd * sizeof(*d->networkd_texts));
        for (size_t i = 0; i < d->n_networkd; i++) {
                d->networkd_texts[i] = read_files(d, &d->networkd[i]);
                want(d, d->networkd[i].path, d->networkd_texts[i]);
        }
}

const char *networkd_exclusion(struct graph *g, const struct netif *n)
{
        return arena_printf(g->arena,
                            "to exclude it from systemd-networkd: printf "
                            "'[Match]\\nName=%s\\n[Link]\\nUnmanaged=yes\\n' >%s/00-%s.network",
                            n->name, dirs[0], n->name);
}

/* The file that decides, or NULL. */
static const struct netconf_file *decides(const struct netconf *d, const struct netif *n, struct verdict *ret)
{
        for (size_t f = 0; f < d->n_networkd; f++) {
                *ret = judge(d->g, n, d->networkd_texts[f]);
                if (*d->networkd_texts[f] && ret->matches != NEVER && !(ret->unmanaged && ret->matches == MAYBE))
                        return &d->networkd[f];
        }
        return NULL;
}

bool networkd_excludes(const struct netconf *d, const struct netif *n)
{
        struct verdict v;
        const struct netconf_file *file = decides(d, n, &v);

        return file && v.unmanaged && strcmp(file->name, "10-netplan") < 0;
}

void networkd_declared(struct netconf *d)
{
        bool runs = netconf_service(d, "/run/systemd/netif/state", "systemd-networkd.service");

        for (size_t i = 0; i < d->n; i++) {
                const struct netif *n = &d->netifs[i];
                struct verdict v;
                const struct netconf_file *file = decides(d, n, &v);

                if (!file || v.unmanaged)
                        continue;
                if (v.exact)
                        guard_use(d->g, n->node, "%s", file->path);
                else if (runs)
                        guard_use(d->g, n->node, "%s, by a pattern; %s", file->path, networkd_exclusion(d->g, n));
        }
}
