/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/netconf.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>

#include "guard/fields.h"
#include "guard/source.h"

bool netconf_runs(struct netconf *d, const char *const *marks, size_t n)
{
        char target[8];

        for (size_t i = 0; i < n; i++) {
                ssize_t k = root_readlink(d->g->root, marks[i], target, sizeof(target));
                bool there = k >= 0 || k == -EINVAL || k == -ENAMETOOLONG;

                if (there || guard_exists(d->g, marks[i]))
                        return true;
        }
        return false;
}

bool netconf_service(struct netconf *d, const char *run, const char *unit)
{
        const char *marks[] = {run, arena_join(d->g->arena, "/etc/systemd/system/multi-user.target.wants/", unit, NULL),
                               arena_join(d->g->arena, "/usr/lib/systemd/system/multi-user.target.wants/", unit, NULL)};

        return netconf_runs(d, marks, ARRAY_SIZE(marks));
}

/* As the kernel and udev call cards: "eth0", "enp3s0", "ibs1" (systemd.net-naming-scheme(7)). */
static bool is_card_name(const char *word)
{
        static const char *const begin[] = {"en", "eth", "wl", "ww", "ib", "sl", "em", "usb"};

        for (size_t i = 0; i < ARRAY_SIZE(begin); i++)
                if (startswith(word, begin[i]))
                        return strpbrk(word, "0123456789");
        return false;
}

/* What could be one at all (dev_valid_name() of net/core/dev.c), and stands for no other. */
static bool is_name(const char *word)
{
        static const char *const others[] = {"lo", "none", "all", "default"};

        return isalpha((unsigned char)*word) && strlen(word) < IF_NAMESIZE && !strpbrk(word, "/!*?$%") &&
               str_index(word, others, ARRAY_SIZE(others)) < 0;
}

static bool is_here(const struct netconf *d, const char *word, enum netif_property first, enum netif_property last)
{
        for (size_t i = 0; i < d->n; i++)
                for (enum netif_property p = first; p <= last; p++)
                        for (size_t k = 0; k < d->netifs[i].is[p].n; k++)
                                if (strcasecmp(d->netifs[i].is[p].v[k], word) == 0)
                                        return true;
        return false;
}

void netconf_wanted(struct netconf *d, const char *file, const char *words, bool any_kind)
{
        char *rest = arena_strdup(d->g->arena, words), *word;

        while ((word = strsep(&rest, " \t\n=,;\"'()[]{}<>|"))) {
                const char *address = netif_address(d->g, word);

                /* eno1.5 and eno1:1 are made of eno1. */
                if (!address)
                        word[strcspn(word, ".:")] = '\0';
                if (address ? !is_here(d, address, NETIF_MAC, NETIF_PERMANENT_MAC)
                            : is_name(word) && (any_kind || is_card_name(word)) &&
                                      !is_here(d, word, NETIF_NAME, NETIF_NAME))
                        guard_unknown(d->g, &d->g->evidence->absent,
                                      "%s names %s, which is not here, and a network card without a driver may be it; "
                                      "if it is gone for good, remove the name there",
                                      file, word);
        }
}

void netconf_bridge(struct netconf *d, const char *line)
{
        static const struct {
                const char *begin;
                bool port;
        } lines[] = {{"bridge_ports none", false},
                     {"bridge-ports none", false},
                     {"bridges:", false},
                     {"Kind=bridge", false},
                     {"type=bridge", false},
                     {"interfaces:", true},
                     {"Bridge=", true},
                     {"port-type=bridge", true},
                     {"slave-type=bridge", true}};

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                if (startswith(line, lines[i].begin)) {
                        d->bridge |= !lines[i].port;
                        d->ports |= lines[i].port;
                }
}

bool netconf_setting(struct graph *g, const char **text, struct setting *s)
{
        const char *end, *line;

        while ((line = guard_line(text, &end))) {
                char *copy = arena_strndup(g->arena, line, (size_t)(end - line)), *equals;

                copy = str_trim(copy);
                while (*copy && copy[strlen(copy) - 1] == '\\' && (line = guard_line(text, &end))) {
                        copy[strlen(copy) - 1] = ' ';
                        copy = arena_join(g->arena, copy, arena_strndup(g->arena, line, (size_t)(end - line)), NULL);
                }
                if (*copy == '[')
                        s->section = arena_strndup(g->arena, copy + 1, strcspn(copy + 1, "]"));
                if (strchr("#;[", *copy) || !(equals = strchr(copy, '=')))
                        continue;
                *equals = '\0';
                s->key = str_trim(copy);
                s->value = str_trim(equals + 1);
                return true;
        }
        return false;
}

static int by_name(const void *a, const void *b)
{
        return strcmp(((const struct netconf_file *)a)->name, ((const struct netconf_file *)b)->name);
}

void netconf_files(struct graph *g, const char *const *dirs, size_t n_dirs, const char *suffix,
                   struct netconf_file **ret, size_t *ret_n)
{
        const char **names;
        size_t n, known;

        *ret = NULL;
        *ret_n = 0;
        for (size_t i = 0; i < n_dirs; i++) {
                if (guard_list(g, dirs[i], &names, &n) == SOURCE_UNREADABLE)
                        guard_unknown(g, &g->evidence->network_unknown, "%s cannot be read", dirs[i]);
                for (size_t k = 0; k < n; k++) {
                        for (known = 0; known < *ret_n && !streq((*ret)[known].name, names[k]);)
                                known++;
                        if (known < *ret_n || !endswith(names[k], suffix))
                                continue;
                        *(struct netconf_file *)arena_grow(g->arena, ret, (*ret_n)++, sizeof(**ret)) =
                                (struct netconf_file){names[k], arena_join(g->arena, dirs[i], "/", names[k], NULL)};
                }
        }
        if (*ret_n > 0)
                qsort(*ret, *ret_n, sizeof(**ret), by_name);
}
