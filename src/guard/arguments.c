/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel command line says the host will have: root=, resume=, rd.luks and their like. */
#include <stdio.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "guard/storage.h"

/*
 * A device that a token names: by the value, or by what of it stands in front of or behind a separator; or a tag's
 * value that stands there.
 */
static void use_token(struct graph *g, const char *token)
{
        static const struct {
                const char *key;
                char separator;
                bool behind;
                const char *tag;
        } keys[] = {
                {.key = "rd.luks.uuid=", .tag = "UUID="},
                {.key = "luks.uuid=", .tag = "UUID="},
                {.key = "rd.luks.name=", .separator = '=', .tag = "UUID="},
                {.key = "luks.name=", .separator = '=', .tag = "UUID="},
                {.key = "rd.luks.partuuid=", .tag = "PARTUUID="},
                {.key = "luks.partuuid=", .tag = "PARTUUID="},
                {.key = "rd.luks.key=", .separator = ':', .behind = true},
                {.key = "luks.key=", .separator = ':', .behind = true},
                {.key = "rd.luks.data=", .separator = '=', .behind = true},
                {.key = "luks.data=", .separator = '=', .behind = true},
                {.key = "mount.usr="},
                {.key = "systemd.mount-extra=", .separator = ':'},
                {.key = "systemd.swap-extra=", .separator = ':'},
                {.key = "systemd.verity_root_data="},
                {.key = "systemd.verity_root_hash="},
        };

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                const char *value = token + strlen(keys[i].key), *at;
                char *spec;

                if (!startswith(token, keys[i].key))
                        continue;
                at = keys[i].separator ? strchr(value, keys[i].separator) : NULL;
                if (keys[i].behind && !at)
                        return;
                if (keys[i].tag && startswith(value, "luks-"))
                        value += strlen("luks-");
                spec = keys[i].behind ? arena_strdup(g->arena, at + 1)
                                      : arena_strndup(g->arena, value, at ? (size_t)(at - value) : strlen(value));
                if (keys[i].tag)
                        spec = arena_join(g->arena, keys[i].tag, spec, NULL);
                if (guard_names_disk(spec) && guard_use_spec(g, spec, keys[i].tag ? "rd.luks" : keys[i].key) == 0)
                        guard_unknown(g, &g->evidence->storage_unknown,
                                      "the command line has %s, and on which disk that is is not known", token);
                return;
        }
}

/* "8:3", or what fstab could have, too. */
static void use_resume(struct graph *g, const char *device)
{
        unsigned major, minor;
        size_t node = NO_NODE;
        int length;

        if (sscanf(device, "%u:%u%n", &major, &minor, &length) == 2 && !device[length])
                node = guard_block_numbered(g, major, minor);
        if (node != NO_NODE)
                guard_use(g, node, "resume=");
        else if (guard_use_spec(g, device, "resume=") == 0 && guard_names_disk(device))
                guard_unknown(g, &g->evidence->storage_unknown, "resume= has %s, and which disk that is is not known",
                              device);
}

void guard_arguments(struct graph *g)
{
        struct token *tokens;
        size_t n;
        bool unclosed;

        cmdline_split(g->arena, g->facts->cmdline ? g->facts->cmdline : "", &tokens, &n, &unclosed);
        for (size_t i = 0; i < n; i++) {
                const char *name = tokens[i].name, *value = tokens[i].value ? tokens[i].value : "";

                if (streq(name, "root"))
                        guard_use_spec(g, value, "root=");
                else if (streq(name, "resume"))
                        use_resume(g, value);
                else
                        use_token(g, arena_join(g->arena, name, "=", value, NULL));
        }
}
