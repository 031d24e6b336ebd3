/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/netif.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>

#include "guard/source.h"

#define MAC_LENGTH 17

static void add(struct graph *g, struct netif *n, enum netif_property property, const char *value)
{
        if (value && *value)
                strings_add(g->arena, &n->is[property], value);
}

/* A file of the interface in sysfs; NULL: it has none such, which one that cannot be read does not say. */
static const char *attribute(struct graph *g, const struct netif *n, const char *file)
{
        char text[512];
        ssize_t k = root_read(g->root, arena_join(g->arena, "/sys/class/net/", n->name, "/", file, NULL), text,
                              sizeof(text));

        /* What has no such attribute says so (Documentation/ABI/testing/sysfs-class-net). */
        if (k < 0 && k != -ENOENT && k != -ENOTDIR && k != -EINVAL)
                guard_unknown(g, &g->evidence->network_unknown, "%s of %s cannot be read", file, n->name);
        return k < 0 ? NULL : arena_strdup(g->arena, text);
}

/* What stands behind a key at the start of a line; NULL: no line has it, or they are used up. */
static const char *next_value(struct graph *g, const char **text, const char *key)
{
        const char *at = *text;

        while (at && !startswith(at, key))
                at = (at = strchr(at, '\n')) ? at + 1 : NULL;
        if (!at)
                return NULL;
        at += strlen(key);
        *text = at;
        return arena_strndup(g->arena, at, strcspn(at, "\n"));
}

static const char *value(struct graph *g, const char *text, const char *key)
{
        return text ? next_value(g, &text, key) : NULL;
}

/* udev's database (systemd, sd-device): other names that an interface goes by are made of what it has there. */
static void ask_udev(struct graph *g, struct netif *n)
{
        const char *index = attribute(g, n, "ifindex"), *name;
        const char *text = index ? guard_config(g, arena_join(g->arena, "/run/udev/data/n", index, NULL), false) : "";

        add(g, n, NETIF_DRIVER, value(g, text, "E:ID_NET_DRIVER="));
        add(g, n, NETIF_PATH, value(g, text, "E:ID_PATH="));
        n->ignored = value(g, text, "E:NM_UNMANAGED=1");
        while ((name = next_value(g, &text, "E:ID_NET_NAME")))
                add(g, n, NETIF_NAME, strchr(name, '=') + 1);
}

static const char *with_dashes(struct graph *g, const char *address)
{
        char *text = arena_strdup(g->arena, address ? address : "");

        for (char *c = text; *c; c++)
                *c = *c == ':' ? '-' : *c;
        return text;
}

static void ask_kernel(struct graph *g, struct netif *n)
{
        const char *address = attribute(g, n, "address"), *own = attribute(g, n, "bonding_slave/perm_hwaddr");
        const char *assigned = attribute(g, n, "addr_assign_type"), *type = attribute(g, n, "type");
        const char *uevent = attribute(g, n, "uevent"), *kind = value(g, uevent, "DEVTYPE=");

        add(g, n, NETIF_MAC, address);
        add(g, n, NETIF_MAC, with_dashes(g, address));
        add(g, n, NETIF_MAC, own);
        /* Which one a card has from its maker is not told of one that was given another. */
        add(g, n, NETIF_PERMANENT_MAC, own ? own : !assigned || streq(assigned, "0") ? address : NULL);
        /* The last of its lines: then there was no other type in it. */
        if (uevent && strstr(uevent, "IFINDEX="))
                add(g, n, NETIF_TYPE, kind ? kind : type && streq(type, "1") ? "ether" : NULL);
        if (address && *address && strlen(address) < MAC_LENGTH && type && streq(type, "1"))
                guard_unknown(g, &g->evidence->network_unknown, "%s has no address: %s", n->name, address);
        if (!g->evidence->nodes[n->node].virtual_)
                strings_add(g->arena, &n->is[NETIF_KIND], NULL);
}

void netif_list(struct graph *g, struct netif **ret, size_t *ret_n)
{
        *ret = NULL;
        *ret_n = 0;
        for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                struct netif *n;

                if (g->evidence->nodes[i].kind != NODE_INTERFACE || streq(g->evidence->nodes[i].name, "lo"))
                        continue;
                n = arena_grow(g->arena, ret, (*ret_n)++, sizeof(**ret));
                *n = (struct netif){.node = i, .name = g->evidence->nodes[i].name};
                add(g, n, NETIF_NAME, n->name);
                ask_kernel(g, n);
                ask_udev(g, n);
        }
}

const char *netif_address(struct graph *g, const char *word)
{
        const size_t group = strchr(word, '.') ? 4 : 2, n = strlen(word), digits = n - n / (group + 1);
        char *text = arena_alloc(g->arena, digits / 2 * 3 + 1), *out = text;
        size_t digit = 0;

        /* The lengths of Ethernet's and InfiniBand's. */
        if (digits != 12 && digits != 40)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                if (i % (group + 1) == group) {
                        if (word[i] != (group == 4 ? '.' : word[2] == '-' ? '-' : ':'))
                                return NULL;
                        continue;
                }
                if (!isxdigit((unsigned char)word[i]))
                        return NULL;
                if (digit > 0 && digit % 2 == 0)
                        *out++ = ':';
                *out++ = word[i];
                digit++;
        }
        return text;
}

/* Names and addresses that are no patterns are those of cards that are here, or missing. */
static enum answer meets_newcomer(const char *patterns)
{
        bool inverted = *patterns == '!';

        patterns += inverted;
        if (streq(patterns, "*"))
                return inverted ? NEVER : SURELY;
        if (strpbrk(patterns, "*?["))
                return MAYBE;
        return inverted ? SURELY : NEVER;
}

enum answer netif_matches(struct graph *g, const struct netif *n, enum netif_property property, const char *patterns)
{
        const struct strings *is = &n->is[property];
        bool inverted = *patterns == '!', found = false, by_kernel = false;
        const char **words;
        size_t n_words;

        if (n->newcomer && property <= NETIF_PERMANENT_MAC)
                return meets_newcomer(patterns);
        if (property >= NETIF_PROPERTY_MAX_ || is->n == 0)
                return MAYBE;
        str_words(g->arena, patterns + inverted, &words, &n_words);
        for (size_t w = 0; w < n_words; w++) {
                const char *address =
                        property == NETIF_MAC || property == NETIF_PERMANENT_MAC ? netif_address(g, words[w]) : NULL;

                for (size_t i = 0; i < is->n; i++)
                        found |= is->v[i] && fnmatch(address ? address : words[w], is->v[i], FNM_CASEFOLD) == 0;
                by_kernel |= fnmatch(words[w], n->name, 0) == 0;
        }
        /* Whether udev has given it the other names that it has for it, and who asks for these, is not known. */
        if (property == NETIF_NAME && found != by_kernel)
                return MAYBE;
        return found == inverted ? NEVER : SURELY;
}

static bool in_word(char c)
{
        return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* eno1.5 and eno1:1 are made of eno1. */
static bool has(const char *line, const char *name)
{
        size_t n = strlen(name);

        for (const char *at = line; (at = strcasestr(at, name)); at++)
                if (n >= MAC_LENGTH || ((at == line || !(in_word(at[-1]) || at[-1] == '.')) && !in_word(at[n])))
                        return true;
        return false;
}

bool netif_named(const struct netif *n, const char *line)
{
        for (enum netif_property p = NETIF_NAME; p <= NETIF_PERMANENT_MAC; p++)
                for (size_t i = 0; i < n->is[p].n; i++)
                        if (has(line, n->is[p].v[i]))
                                return true;
        return false;
}
