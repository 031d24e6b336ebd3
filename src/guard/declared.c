/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interface that some file of network configuration names is the host's, whatever the file says of it: what reads
 * no grammar cannot misread one. Comments do not count.
 */
#include <fnmatch.h>
#include <stdio.h>

#include "cmdline/cmdline.h"
#include "guard/connman.h"
#include "guard/dhcpcd.h"
#include "guard/fields.h"
#include "guard/netconf.h"
#include "guard/network-manager.h"
#include "guard/networkd.h"
#include "guard/parts.h"
#include "guard/source.h"

#define IFUPDOWN  "/etc/network/"
#define UNITS     "/etc/systemd/system/multi-user.target.wants"
#define IBFT      "/sys/firmware/ibft"
#define DEPTH_MAX 8

enum manager { IFUPDOWN_FILES, NETPLAN, NETWORK_MANAGER, BOOT_IMAGES, ANY_OTHER };

/*
 * Where such files are. Which of their lines may have patterns, and behind which keys there are names and addresses of
 * cards: by how a line begins; "" all of them.
 */
static const struct place {
        const char *dir, *name, *patterns[6], *keys[8];
        enum manager manager;
} places[] = {
        {"/etc/netplan", "*.yaml", {""}, {"macaddress:"}, NETPLAN},
        {"/run/netplan", "*.yaml", {""}, {"macaddress:"}, NETPLAN},
        {"/usr/lib/netplan", "*.yaml", {""}, {"macaddress:"}, NETPLAN},
#define PROFILE {"interface-name"}, {"interface-name=", "mac-address="}, NETWORK_MANAGER
        {"/etc/NetworkManager/system-connections", "*", PROFILE},
        {"/run/NetworkManager/system-connections", "*", PROFILE},
        {"/usr/lib/NetworkManager/system-connections", "*", PROFILE},
        {"/etc/systemd/network", "*.netdev", {}, {}, ANY_OTHER},
        {"/run/systemd/network", "*.netdev", {}, {}, ANY_OTHER},
        {"/usr/lib/systemd/network", "*.netdev", {}, {}, ANY_OTHER},
        {"/etc/sysconfig/network-scripts", "ifcfg-*", {}, {"DEVICE=", "HWADDR="}, ANY_OTHER},
        {"/etc/sysconfig/network", "ifcfg-*", {}, {"LLADDR="}, ANY_OTHER},
        {"/etc/wicked/ifconfig", "*.xml", {}, {"<name>"}, ANY_OTHER},
        {"/var/lib/connman", "*.config", {}, {"MAC=", "MAC =", "DeviceName=", "DeviceName ="}, ANY_OTHER},
        /* The rest of what is there are directories. */
        {"/etc/netctl", "!(examples|hooks|interfaces)", {}, {"Interface=", "BindsToInterfaces="}, ANY_OTHER},
};
static const struct place ifupdown = {
        "/etc/network/interfaces.d",
        "*",
        {"auto", "allow-", "iface", "bridge", "bond", "rename"},
        {"auto ", "allow-", "bridge_ports", "bridge-ports", "bond-slaves", "slaves", "bond-ports", "vlan-raw-device"},
        IFUPDOWN_FILES};
/* What initrd.h has of them. */
static const struct place boot_images = {.name = "*.conf", .manager = BOOT_IMAGES};

/* What stands behind one of the words that a line may begin with, or NULL. */
static const char *behind(const char *const *words, size_t n, const char *line)
{
        for (size_t i = 0; i < n && words[i]; i++)
                if (startswith(line, words[i]))
                        return line + strlen(words[i]);
        return NULL;
}

/* ifupdown2 counts: "swp[1-24]", which is no pattern of fnmatch(3). */
static void widen(char *word)
{
        char *bracket = strchr(word, '[');
        unsigned from, to;

        if (bracket && sscanf(bracket, "[%u-%u]", &from, &to) == 2 && to > 9)
                strcpy(bracket, "*");
}

/* A word is a pattern for names, and where drivers are spoken of, for drivers. */
static bool is_meant(struct graph *g, const struct netif *n, const char *line)
{
        const char *drivers = strstr(line, "driver"), *value = drivers ? strchr(drivers, ':') : NULL;
        char *rest = arena_strdup(g->arena, line), *word;

        /* A template, and a list on the lines that follow. */
        if (strstr(line, "regex") || strstr(line, "glob ") || strstr(line, "ports all") || strstr(line, "{}") ||
            strstr(line, "${") || (value && !value[strspn(value, ": \t")]))
                return true;
        while ((word = strsep(&rest, " \t=,;:\"'/{}()"))) {
                widen(word);
                if (strpbrk(word, "*?[") && netif_matches(g, n, NETIF_NAME, word) != NEVER)
                        return true;
                if (drivers && *word && !startswith(drivers, word) && netif_matches(g, n, NETIF_DRIVER, word) != NEVER)
                        return true;
        }
        return false;
}

/* interfaces(5): "VARIABLE/VALUE", of a file in sysfs; the address alone is known here. */
static bool by_attribute(const char *line)
{
        const char *slash = strchr(line, '/'), *word = slash;

        while (word && word > line && !strchr(" \t", word[-1]))
                word--;
        return slash && word < slash && !startswith(word, "mac/");
}

/* Whoever takes interfaces by a pattern leaves this one alone; else what would have it do so. */
static bool is_excluded(struct netconf *d, const struct place *place, const struct netif *n, const char **ret)
{
        *ret = "to exclude it, change the pattern";
        if (place->manager == NETPLAN) {
                *ret = networkd_exclusion(d->g, n);
                return networkd_excludes(d, n);
        }
        if (place->manager == NETWORK_MANAGER) {
                *ret = network_manager_exclusion(d->g, n);
                return network_manager_excludes(d, n);
        }
        return false;
}

static void by_pattern(struct netconf *d, const struct place *place, const char *path, const char *line,
                       const struct netif *n)
{
        const char *how;

        if (!is_meant(d->g, n, line) && !(place->manager == IFUPDOWN_FILES && by_attribute(line)))
                return;
        if (!is_excluded(d, place, n, &how))
                guard_use(d->g, n->node, "%s, by a pattern (%s); %s", path, line, how);
}

static void read_line(struct netconf *d, const struct place *place, const char *path, const char *line)
{
        bool patterns = behind(place->patterns, ARRAY_SIZE(place->patterns), line);
        const char *names = behind(place->keys, ARRAY_SIZE(place->keys), line);

        netconf_bridge(d, line);
        if (names)
                netconf_wanted(d, path, startswith(line, "allow-") ? names + strcspn(names, " \t") : names, true);
        else if (place->manager == NETPLAN || place->manager == BOOT_IMAGES || startswith(line, "iface"))
                netconf_wanted(d, path, line, false);
        for (size_t i = 0; i < d->n; i++) {
                if (netif_named(&d->netifs[i], line))
                        guard_use(d->g, d->netifs[i].node, "%s", path);
                else if (patterns)
                        by_pattern(d, place, path, line, &d->netifs[i]);
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
                if (fnmatch(pattern, names[i], FNM_EXTMATCH) == 0)
                        read_file(d, place, arena_join(d->g->arena, dir, endswith(dir, "/") ? "" : "/", names[i], NULL),
                                  true, depth);
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

/* What begins an entry of its own in interfaces(5). */
static bool begins_entry(const char *line)
{
        static const char *const words[] = {"iface",  "auto", "allow-", "mapping",
                                            "source", "no-",  "rename", "template"};

        return behind(words, ARRAY_SIZE(words), line);
}

/*
 * "iface eno1 inet manual" without a line of its own declares nothing: it says that whoever brings eno1 up is to
 * configure it. Proxmox writes one for each card, and "auto" or a bridge's ports for those that it needs.
 */
static bool is_manual(struct netconf *d, const char *line)
{
        const char **f;
        size_t n;

        return guard_fields(d->g->arena, &line, &f, &n) && n == 4 && streq(f[0], "iface") && startswith(f[2], "inet") &&
               streq(f[3], "manual");
}

static void read_file(struct netconf *d, const struct place *place, const char *path, bool listed, unsigned depth)
{
        const char *text = guard_config(d->g, path, listed), *end, *line, *manual = NULL;

        if (startswith(str_basename(path), "ifcfg-"))
                read_line(d, place, path, str_basename(path) + strlen("ifcfg-"));
        while ((line = guard_line(&text, &end))) {
                char *copy = str_trim(arena_strndup(d->g->arena, line, (size_t)(end - line)));

                if (!*copy || *copy == '#' || *copy == ';')
                        continue;
                if (manual && !begins_entry(copy))
                        read_line(d, place, path, manual);
                manual = place == &ifupdown && is_manual(d, copy) ? copy : NULL;
                if (place == &ifupdown && startswith(copy, "source"))
                        follow(d, copy, depth);
                else if (!manual)
                        read_line(d, place, path, copy);
        }
}

static void name_all(struct netconf *d, const char *text, bool by_initrd, const char *what)
{
        struct evidence *e = d->g->evidence;

        for (size_t i = 0; i < d->n; i++) {
                if (!netif_named(&d->netifs[i], text))
                        continue;
                guard_use(d->g, d->netifs[i].node, "%s", what);
                e->uses[e->n_uses - 1].by_initrd = by_initrd;
        }
}

/* dracut.cmdline(7), of the kernel's line or of a file in boot images. An address may have "-" for ":" (BOOTIF). */
static void arguments(struct netconf *d, const char *line, const char *of)
{
        static const char *const keys[] = {"ip",   "bootdev", "ifname", "rd.route", "bond",
                                           "vlan", "bridge",  "team",   "BOOTIF"};
        struct token *tokens;
        bool unclosed;
        size_t n;

        cmdline_split(d->g->arena, line, &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++) {
                char *value = arena_strdup(d->g->arena, tokens[i].value ? tokens[i].value : ""), *address, *c;
                const char *what;

                if (str_index(tokens[i].name, keys, ARRAY_SIZE(keys)) < 0)
                        continue;
                for (c = value; streq(tokens[i].name, "BOOTIF") && *c; c++)
                        *c = *c == '-' ? ':' : *c;
                what = arena_join(d->g->arena, tokens[i].name, "= of ", of, NULL);
                name_all(d, value, true, what);
                address = strchr(value, ':');
                if (address && (streq(tokens[i].name, "BOOTIF") || streq(tokens[i].name, "ifname")))
                        netconf_wanted(d, what, address + 1, true);
                for (c = value; (c = strchr(c, ':'));)
                        *c = ' ';
                netconf_wanted(d, what, value, false);
        }
}

static void command_line(struct netconf *d)
{
        const char *line = d->g->facts->cmdline ? d->g->facts->cmdline : "";

        if (!*line || line[strlen(line) - 1] != '\n')
                guard_unknown(d->g, &d->g->evidence->network_unknown,
                              "the kernel command line cannot be read to its end");
        arguments(d, line, "the command line");
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
                        name_all(d, text, true, "the firmware's iSCSI table");
        }
}

/* Enabled for one interface: dhcpcd@eno1.service, netctl-auto@wlan0.service and their like. */
static void units(struct netconf *d)
{
        const char **names;
        size_t n;

        if (guard_list(d->g, UNITS, &names, &n) == SOURCE_UNREADABLE)
                guard_unknown(d->g, &d->g->evidence->network_unknown, "%s cannot be read", UNITS);
        for (size_t i = 0; i < n; i++)
                if (strchr(names[i], '@'))
                        name_all(d, strchr(names[i], '@'), false, names[i]);
}

static void read_arguments(struct netconf *d, const char *path)
{
        const char *name = str_basename(path);

        if (*name && !streq(name, "*"))
                read_file(d, &boot_images, path, false, 0);
        else
                read_dir(d, &boot_images, arena_strndup(d->g->arena, path, (size_t)(name - path)),
                         *name ? name : boot_images.name, 0);
}

static void in_boot_images(struct netconf *d)
{
        const struct initrd *const *initrd = d->g->facts->initrds;

        for (; initrd && *initrd; initrd++)
                for (const char *const *path = (*initrd)->arguments; path && *path; path++)
                        read_arguments(d, *path);
}

static void read_all(struct netconf *d)
{
        networkd_read(d);
        network_manager_read(d);
        command_line(d);
        firmware(d);
        units(d);
        read_file(d, &ifupdown, IFUPDOWN "interfaces", false, 0);
        read_dir(d, &ifupdown, ifupdown.dir, "*", 0);
        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                read_dir(d, &places[i], places[i].dir, places[i].name, 0);
        in_boot_images(d);
        networkd_declared(d);
        network_manager_declared(d);
        dhcpcd_declared(d);
        connman_declared(d);
}

/* Adapters come and go: one is judged that is not here, and of which nothing is known. */
static void newcomers(struct graph *g)
{
        struct netif n = {.name = "", .newcomer = true, .node = guard_add(g, NODE_FILE, "newcomer", "")};
        struct netconf d = {.g = g, .netifs = &n, .n = 1};
        struct evidence *e = g->evidence;
        const char *absent = e->absent;
        size_t first = e->n_uses;

        strings_add(g->arena, &n.is[NETIF_KIND], NULL);
        read_all(&d);
        if (e->n_uses > first) {
                const char *what = e->uses[first].what;

                e->newcomers = arena_printf(g->arena,
                                            "it may be a network adapter, and its interface would be taken (%.*s); it "
                                            "can be handed over once its driver has shown what it is",
                                            (int)strcspn(what, ";,"), what);
        }
        /* Those that are named were looked for among the others. */
        e->absent = absent;
        e->n_uses = first;
}

void guard_declared(struct graph *g)
{
        struct netconf d = {.g = g};

        netif_list(g, &d.netifs, &d.n);
        read_all(&d);
        g->evidence->bridge_alone = d.bridge && !d.ports;
        if (guard_asks_for_plugged(g->facts))
                newcomers(g);
}
