/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel command line says the host will have: root=, resume=, rd.luks, systemd.mount-extra=, rd.live and
 * whatever else has the name of a device in it.
 */
#include <stdio.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "guard/storage.h"

static void unknown(struct graph *g, const struct token *t, const char *spec)
{
        guard_absent(g, spec, "the command line has %s, and its disk is unknown", t->text);
}

/* "8:3" or 8:3 among other words: Documentation/admin-guide/device-mapper/dm-init.rst, and resume=. */
static void use_numbers(struct graph *g, const struct token *t, const char *what, size_t *found)
{
        char *rest = arena_strdup(g->arena, t->value), *word;

        while ((word = strsep(&rest, " ,"))) {
                unsigned major, minor;
                int length = 0;
                size_t node;

                if (sscanf(word, "%u:%u%n", &major, &minor, &length) != 2 || word[length])
                        continue;
                node = guard_block_numbered(g, major, minor);
                if (node == NO_NODE) {
                        unknown(g, t, word);
                        continue;
                }
                guard_use(g, node, "%s", what);
                ++*found;
        }
}

/* Its two halves are the UUIDs of the partitions that hold data and hashes (systemd-veritysetup-generator(8)). */
static void use_hash(struct graph *g, const char *hash, const char *what)
{
        size_t n = strlen(hash);
        const char *halves[] = {hash, hash + (n < 64 ? 0 : n - 32)};

        if (n < 64)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(halves); i++)
                guard_use_spec(g,
                               arena_printf(g->arena, "PARTUUID=%.8s-%.4s-%.4s-%.4s-%.12s", halves[i], halves[i] + 8,
                                            halves[i] + 12, halves[i] + 16, halves[i] + 20),
                               what);
}

/* A root that comes over a network, or what the root may be on (dracut.cmdline(7)): routes need not show which. */
static bool names_remote_root(struct graph *g, const struct token *t)
{
        static const char *const names[] = {"rd.nvmf.discover", "fcoe", "rd.fcoe", "nbdroot"};
        static const char *const roots[] = {"nbd:", "nvmf:", "fcoe:", "/dev/etherd/", "/dev/nbd"};
        bool root = streq(t->name, "root") || streq(t->name, "netroot");

        if (root && startswith(t->value, "iscsi:"))
                return !guard_iscsi_by_ip(g);
        for (size_t i = 0; root && i < ARRAY_SIZE(roots); i++)
                if (startswith(t->value, roots[i]))
                        return true;
        return str_index(t->name, names, ARRAY_SIZE(names)) >= 0;
}

static void use_token(struct graph *g, const struct token *t)
{
        /* One of these without a device is not for what is here. */
        static const char *const luks[] = {"luks.uuid", "luks.name", "luks.partuuid", "luks.serial"};
        bool opens = false;
        const char *lost, *what;
        size_t found = 0;

        for (size_t i = 0; i < ARRAY_SIZE(luks); i++)
                opens |= streq(t->name, luks[i]) || endswith(t->name, luks[i]);
        what = opens ? "rd.luks" : arena_join(g->arena, t->name, "=", NULL);
        if (streq(t->name, "roothash") || streq(t->name, "usrhash"))
                use_hash(g, t->value, what);
        if (streq(t->name, "resume") || streq(t->name, "dm-mod.create"))
                use_numbers(g, t, what, &found);
        lost = guard_use_named(g, t->value, what, &found);
        /* The root file system that is mounted now tells more. */
        if (!streq(t->name, "root") && (lost || (opens && found == 0)))
                unknown(g, t, lost ? lost : endswith(t->name, "luks.serial") ? "" : "UUID=");
}

static struct token *split(const struct graph *g, size_t *ret_n)
{
        struct token *tokens;
        bool unclosed;

        cmdline_split(g->arena, g->facts->cmdline ? g->facts->cmdline : "", &tokens, ret_n, &unclosed);
        return tokens;
}

const char *guard_argument(const struct graph *g, const char *name)
{
        size_t n;
        const struct token *tokens = split(g, &n), *t = cmdline_last(tokens, n, name);

        return t && t->value ? t->value : "";
}

void guard_remote_arguments(struct graph *g)
{
        size_t n;
        const struct token *tokens = split(g, &n);

        for (size_t i = 0; i < n; i++)
                if (tokens[i].value && !g->remote && names_remote_root(g, &tokens[i]))
                        guard_unknown(g, &g->remote, "the command line has %s, over an unknown network",
                                      tokens[i].text);
}

void guard_arguments(struct graph *g)
{
        size_t n;
        const struct token *tokens = split(g, &n);

        for (size_t i = 0; i < n; i++)
                if (tokens[i].value)
                        use_token(g, &tokens[i]);
}
