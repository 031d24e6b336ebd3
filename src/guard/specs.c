/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a line of fstab and the like names: a tag, or a path below /dev; and whom that makes needed. */
#include <ctype.h>

#include "base/str.h"
#include "guard/storage.h"

/* A volume group may have a name that begins as that of a removable medium does. */
bool guard_names_disk(const char *spec)
{
        static const char *const others[] = {"sr", "cdrom", "dvd", "fd", "scd", "loop", "nbd", "zram", "ram", "drbd"};
        static const char *const no_disks[] = {"/dev/null", "/dev/fuse", "/dev/random", "/dev/urandom"};
        size_t tag = strspn(spec, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        if (!startswith(spec, "/dev/"))
                return tag > 0 && spec[tag] == '=';
        for (size_t i = 0; i < ARRAY_SIZE(no_disks); i++)
                if (streq(spec, no_disks[i]))
                        return false;
        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                const char *number = spec + strlen("/dev/") + strlen(others[i]);

                if (startswith(spec + strlen("/dev/"), others[i]) && strspn(number, "0123456789") == strlen(number))
                        return false;
        }
        return !startswith(spec, "/dev/shm/");
}

size_t guard_use_spec(struct graph *g, const char *spec, const char *what)
{
        size_t found = 0;

        guard_name(g, arena_strdup(g->arena, spec));
        for (size_t node = 0; (node = guard_resolve(g, spec, node)) != NO_NODE; node++, found++)
                guard_use(g, guard_whole(g, node), "%s", what);
        return found;
}

/* A name in a text begins behind one of these. */
static bool begins(const char *text, const char *at)
{
        return at == text || strchr(" \t,;:=\"'@", at[-1]) != NULL;
}

/* It ends there, too. */
static bool is_uuid(const char *s)
{
        return str_begins_uuid(s) && !isalnum((unsigned char)s[UUID_LENGTH]) && s[UUID_LENGTH] != '-';
}

/*
 * What the name at the beginning of a text is, in the form of guard_use_spec(); *ret_n: how much of the text it is.
 * NULL: none begins there.
 */
static char *name_at(struct graph *g, const char *s, size_t *ret_n)
{
        static const char *const tags[] = {"UUID=", "LABEL=", "PARTUUID=", "PARTLABEL="};

        *ret_n = strcspn(s, " \t,;\"'");
        if (startswith(s, "/dev/"))
                return arena_strndup(g->arena, s, *ret_n);
        for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
                size_t quote = strlen(tags[i]);

                if (!startswith(s, tags[i]))
                        continue;
                /* TAG="value" */
                if (s[quote] == '"' || s[quote] == '\'') {
                        size_t n = strcspn(s + quote + 1, (const char[]){s[quote], '\0'});

                        *ret_n = quote + 1 + n;
                        return arena_join(g->arena, tags[i], arena_strndup(g->arena, s + quote + 1, n), NULL);
                }
                return arena_strndup(g->arena, s, *ret_n);
        }
        if (startswith(s, "luks-") && is_uuid(s + strlen("luks-")))
                s += strlen("luks-");
        if (!is_uuid(s))
                return NULL;
        *ret_n = 36;
        return arena_join(g->arena, "UUID=", arena_strndup(g->arena, s, *ret_n), NULL);
}

/* How many devices a name means: it ends before one of the ':' or '=' in it, which it may have itself. */
static size_t use_name(struct graph *g, char *name, const char *what)
{
        size_t first = strcspn(name, "/=") + 1, found = guard_use_spec(g, name, what);

        for (char *end = name + strlen(name); found == 0 && end > name + first; end--)
                if (*end == ':' || *end == '=') {
                        *end = '\0';
                        found = guard_use_spec(g, name, what);
                }
        if (found == 0 && startswith(name, "UUID="))
                found = guard_use_spec(g, arena_join(g->arena, "PART", name, NULL), what);
        return found;
}

const char *guard_use_named(struct graph *g, const char *text, const char *what, size_t *found)
{
        const char *lost = NULL;

        for (const char *at = text; *at; at++) {
                size_t n, devices;
                char *name = begins(text, at) ? name_at(g, at, &n) : NULL;

                if (!name)
                        continue;
                devices = use_name(g, name, what);
                *found += devices;
                /* A UUID alone may be that of anything. */
                if (devices == 0 && !lost && guard_names_disk(name) && (*at == '/' || isupper((unsigned char)*at)) &&
                    !is_uuid(at))
                        lost = name;
                at += n - 1;
        }
        return lost;
}

/* An XFS log or realtime device, an ext4 journal, members of a btrfs; what a later version may have. */
void guard_use_options(struct graph *g, const char *options, const char *what)
{
        size_t found = 0;
        const char *lost = guard_use_named(g, options, what, &found);

        if (lost)
                guard_absent(g, lost, "%s has %s, and its disk is unknown", what, lost);
}
