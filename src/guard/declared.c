/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interface that some file of network configuration names is the host's, whatever the file says of it: what reads
 * no grammar cannot misread one. Comments do not count.
 */
#include <fnmatch.h>

#include "cmdline/cmdline.h"
#include "guard/fields.h"
#include "guard/netconf.h"
#include "guard/network-manager.h"
#include "guard/networkd.h"
#include "guard/parts.h"
#include "guard/source.h"

#define IFUPDOWN  "/etc/network/"
#define IBFT      "/sys/firmware/ibft"
#define DEPTH_MAX 8

/* Where such files are, and which of their lines may have patterns: by how these begin, NULL: all. */
static const struct place {
        const char *dir, *name, *patterns[5];
} places[] = {
        {"/etc/netplan", "*.yaml", {""}},
        {"/run/netplan", "*.yaml", {""}},
        {"/usr/lib/netplan", "*.yaml", {""}},
        {"/etc/NetworkManager/system-connections", "*", {"interface-name"}},
        {"/run/NetworkManager/system-connections", "*", {"interface-name"}},
        {"/usr/lib/NetworkManager/system-connections", "*", {"interface-name"}},
        {"/etc/systemd/network", "*.netdev", {}},
        {"/run/systemd/network", "*.netdev", {}},
        {"/usr/lib/systemd/network", "*.netdev", {}},
        {"/etc/sysconfig/network-scripts", "ifcfg-*", {}},
        {"/etc/sysconfig/network", "ifcfg-*", {}},
        {"/etc/wicked/ifconfig", "*.xml", {}},
};
static const struct place ifupdown = {"/etc/network/interfaces.d", "*", {"auto", "allow-", "iface", "bridge", "bond"}};

static bool has_patterns(const struct place *place, const char *line)
{
        for (size_t i = 0; i < ARRAY_SIZE(place->patterns) && place->patterns[i]; i++)
                if (startswith(line, place->patterns[i]))
                        return true;
        return false;
}

/* A word is a pattern for names; and behind "driver:" one for drivers. */
static bool is_meant(struct graph *g, const struct netif *n, const char *line)
{
        enum netif_property property = startswith(line, "driver") ? NETIF_DRIVER : NETIF_NAME;
        char *rest = arena_strdup(g->arena, line), *word;

        if (strstr(line, "regex") || strstr(line, "ports all") || strstr(line, "{}"))
                return true;
        while ((word = strsep(&rest, " \t=,;:\"'/{}()")))
                if ((property == NETIF_DRIVER ? *word && !startswith(line, word) : !!strpbrk(word, "*?")) &&
                    netif_matches(g, n, property, word) != NEVER)
                        return true;
        return false;
}

static void read_line(struct netconf *d, const struct place *place, const char *path, const char *line)
{
        bool patterns = has_patterns(place, line);

        netconf_bridge(d, line);
        for (size_t i = 0; i < d->n; i++) {
                if (netif_named(&d->netifs[i], line))
                        guard_use(d->g, d->netifs[i].node, "%s", path);
                else if (patterns && is_meant(d->g, &d->netifs[i], line))
                        guard_use(d->g, d->netifs[i].node, "%s, by a pattern (%s)", path, line);
        }
}

static void read_file(struct netconf *d, const struct place *place, const char *path, bool listed, unsigned depth);

static void read_dir(struct netconf *d, const struct place *place, const char *dir, const char *pattern, unsigned depth)
{
        const char **names;
        size_t n;

        if (guard_list(d->g, dir, &names, &n) == SOURCE_UNREADABLE)
                guard_unknown(d->g, &d->g->evidence->network_unknown, "%s cannot be read", dir);
        for (size_t i = 0; i < n; i++)
                if (fnmatch(pattern, names[i], 0) == 0)
                        read_file(d, place, arena_join(d->g->arena, dir, "/", names[i], NULL), true, depth);
}

/* interfaces(5): "source PATTERN" and "source-directory DIR". A pattern in a directory's name is not followed. */
static void follow(struct netconf *d, const char *line, unsigned depth)
{
        const char *blank = line + strcspn(line, " \t"), *path = blank + strspn(blank, " \t");
        char *dir = arena_join(d->g->arena, *path == '/' ? "" : IFUPDOWN, path, NULL), *name = strrchr(dir, '/');

        if (!startswith(line, "source-dir"))
                *name++ = '\0';
        if (strpbrk(dir, "*?[$~`") || depth == DEPTH_MAX)
                guard_unknown(d->g, &d->g->evidence->network_unknown, "%sinterfaces has \"%s\", which is not followed",
                              IFUPDOWN, line);
        else if (!streq(dir, ifupdown.dir))
                read_dir(d, &ifupdown, dir, startswith(line, "source-dir") ? "*" : name, depth + 1);
}

static void read_file(struct netconf *d, const struct place *place, const char *path, bool listed, unsigned depth)
{
        const char *text = guard_config(d->g, path, listed), *end, *line;

        if (startswith(str_basename(path), "ifcfg-"))
                read_line(d, place, path, str_basename(path) + strlen("ifcfg-"));
        while ((line = guard_line(&text, &end))) {
                char *copy = str_trim(arena_strndup(d->g->arena, line, (size_t)(end - line)));

                if (place == &ifupdown && startswith(copy, "source"))
                        follow(d, copy, depth);
                else if (*copy != '#' && *copy != ';')
                        read_line(d, place, path, copy);
        }
}

static void name_all(struct netconf *d, const char *text, const char *what)
{
        for (size_t i = 0; i < d->n; i++)
                if (netif_named(&d->netifs[i], text))
                        guard_use(d->g, d->netifs[i].node, "%s", what);
}

/* dracut.cmdline(7). An address may have "-" for ":" (BOOTIF). */
static void command_line(struct netconf *d)
{
        static const char *const keys[] = {"ip",   "bootdev", "ifname", "rd.route", "bond",
                                           "vlan", "bridge",  "team",   "BOOTIF"};
        const char *line = d->g->facts->cmdline ? d->g->facts->cmdline : "";
        struct token *tokens;
        bool unclosed;
        size_t n;

        if (!*line || line[strlen(line) - 1] != '\n')
                guard_unknown(d->g, &d->g->evidence->network_unknown,
                              "the kernel command line cannot be read to its end");
        cmdline_split(d->g->arena, line, &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++) {
                char *value = arena_strdup(d->g->arena, tokens[i].value ? tokens[i].value : "");

                if (str_index(tokens[i].name, keys, ARRAY_SIZE(keys)) < 0)
                        continue;
                for (char *c = value; streq(tokens[i].name, "BOOTIF") && *c; c++)
                        *c = *c == '-' ? ':' : *c;
                name_all(d, value, arena_join(d->g->arena, tokens[i].name, "= of the command line", NULL));
        }
}

/* The firmware's own table of what it booted over iSCSI with (Documentation/ABI/testing/sysfs-ibft). */
static void firmware(struct netconf *d)
{
        const char **names, *mac;
        char text[32];
        size_t n;

        if (guard_list(d->g, IBFT, &names, &n) == SOURCE_UNREADABLE)
                guard_unknown(d->g, &d->g->evidence->network_unknown, "%s cannot be read", IBFT);
        for (size_t i = 0; i < n; i++) {
                if (!startswith(names[i], "ethernet"))
                        continue;
                mac = arena_join(d->g->arena, IBFT "/", names[i], "/mac", NULL);
                if (root_read(d->g->root, mac, text, sizeof(text)) < 0)
                        guard_unknown(d->g, &d->g->evidence->network_unknown, "%s cannot be read", mac);
                else
                        name_all(d, text, "the firmware's iSCSI table");
        }
}

void guard_declared(struct graph *g)
{
        struct netconf d = {.g = g};

        netif_list(g, &d.netifs, &d.n);
        command_line(&d);
        firmware(&d);
        read_file(&d, &ifupdown, IFUPDOWN "interfaces", false, 0);
        read_dir(&d, &ifupdown, ifupdown.dir, "*", 0);
        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                read_dir(&d, &places[i], places[i].dir, places[i].name, 0);
        networkd_declared(&d);
        network_manager_declared(&d);
        g->evidence->bridge_alone = d.bridge && !d.ports;
}
