/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's files and its command line say it will have: fstab, crypttab, units of systemd, root=, resume=. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "cmdline/cmdline.h"
#include "guard/graph.h"

/* The value of TAG="value" may be quoted. */
static void unquote(char *spec)
{
        char *value = strchr(spec, '='), *end = spec + strlen(spec);

        if (value && (value[1] == '"' || value[1] == '\'') && end > value + 2 && end[-1] == value[1]) {
                end[-1] = '\0';
                memmove(value + 1, value + 2, strlen(value + 2) + 1);
        }
}

/*
 * A tag or a device of the block layer; not a network share, a directory, a removable medium, or what the kernel makes
 * of memory, files or the network. A volume group may have a name that begins as theirs do.
 */
static bool names_a_disk(const char *spec)
{
        static const char *const others[] = {"sr", "cdrom", "dvd", "fd", "scd", "loop", "nbd", "zram", "ram"};
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

/* A comment has no fields. */
static int table_line(struct graph *h, const char **text, const char ***ret, size_t *ret_n)
{
        int k = host_fields(h, text, ret, ret_n);

        if (k > 0 && *ret_n > 0 && (*ret)[0][0] == '#')
                *ret_n = 0;
        return k;
}

/* Whether crypttab opens a device of that name: then its own line says where it is. */
static int in_crypttab(struct graph *h, const char *spec)
{
        const char *text = h->crypttab, **fields;
        size_t n;
        int k;

        if (!startswith(spec, "/dev/mapper/"))
                return 0;
        while ((k = table_line(h, &text, &fields, &n)) > 0)
                if (n >= 2 && streq(fields[0], spec + strlen("/dev/mapper/")))
                        return 1;
        return k;
}

static int fstab_line(struct graph *h, const char *spec, const char *at, const char *type, const char *file)
{
        bool swap = streq(type, "swap");
        char *what = arena_printf(h->arena, "%s %s", file, swap ? "swap" : at), *copy = arena_strdup(h->arena, spec);
        int k;

        unquote(copy);
        if (startswith(copy, "ID=")) /* mount(8): udev's ID */
                copy = arena_join(h->arena, "/dev/disk/by-id/", copy + strlen("ID="), NULL);
        if (streq(type, "zfs")) {
                host_use_pool(h, spec, what);
                return 0;
        }
        if (!names_a_disk(copy))
                return 0;
        k = host_use_spec(h, copy, what);
        if (k == 0)
                k = in_crypttab(h, copy);
        if (k == 0 && !swap)
                k = host_mounted(h, at);
        if (k == 0)
                host_unknown(h, &h->evidence->storage_unknown,
                             "%s has %s for %s, and on which disk that is is not known", file, copy,
                             swap ? "swap" : at);
        return k;
}

static int fstab(struct graph *h, const char *text)
{
        const char **fields;
        size_t n = 0;
        int k;

        while ((k = table_line(h, &text, &fields, &n)) > 0) {
                if (n >= 3)
                        k = fstab_line(h, fields[0], fields[1], fields[2], "fstab");
                if (k >= 0 && n >= 4)
                        k = host_use_options(h, fields[3], arena_join(h->arena, "fstab ", fields[1], NULL));
                if (k < 0)
                        break;
        }
        return k < 0 ? k : 0;
}

static bool is_open(const struct graph *h, const char *map_name)
{
        for (size_t i = 0; i < h->evidence->n_nodes; i++)
                if (h->evidence->nodes[i].map_name && streq(h->evidence->nodes[i].map_name, map_name))
                        return true;
        return false;
}

/* One device of a crypttab line: what it opens, or where its key or header is, which an open one does not show. */
static int crypttab_device(struct graph *h, const char *name, const char *spec, bool opens)
{
        char *what = arena_printf(h->arena, "crypttab %s", name), *copy = arena_strdup(h->arena, spec);
        int k;

        unquote(copy);
        if (!names_a_disk(copy))
                return 0;
        k = host_use_spec(h, copy, what);
        if (k == 0 && !(opens && is_open(h, name)))
                host_unknown(h, &h->evidence->storage_unknown,
                             "crypttab has %s for %s, and on which disk that is is not known", copy, name);
        return k;
}

/* The device; where its key, and its header, are: a file, or "FILE:DEVICE" (crypttab(5)). */
static int crypttab(struct graph *h)
{
        const char *text = h->crypttab, **fields;
        size_t n = 0;
        int k;

        while ((k = table_line(h, &text, &fields, &n)) > 0) {
                const char *header = n >= 4 ? strstr(fields[3], "header=") : NULL;

                if (n < 2)
                        continue;
                k = crypttab_device(h, fields[0], fields[1], true);
                for (size_t i = 2; k >= 0 && i < 4; i++) {
                        const char *file = i == 2 ? (n >= 3 ? fields[2] : NULL) : header ? header + 7 : NULL, *colon;
                        char *copy =
                                file ? arena_strndup(h->arena, file, i == 2 ? strlen(file) : strcspn(file, ",")) : NULL;

                        if (!file)
                                continue;
                        colon = *copy == '/' ? strchr(copy, ':') : NULL;
                        k = crypttab_device(h, fields[0], colon ? colon + 1 : copy, false);
                }
                if (k < 0)
                        break;
        }
        return k < 0 ? k : 0;
}

/* The last value of a key in a unit of systemd, which may have blanks around its "=". */
static char *unit_value(struct graph *h, const char *text, const char *key)
{
        const char *line, *end;
        char *value = NULL;

        while ((line = host_line(&text, &end))) {
                line += strspn(line, " \t");
                if (!startswith(line, key))
                        continue;
                line += strlen(key);
                line += strspn(line, " \t");
                if (*line == '=' && line < end)
                        value = arena_strndup(h->arena, line + 1, (size_t)(end - line) - 1);
        }
        return value;
}

/* A unit, or a drop-in of one. */
static int unit(struct graph *h, const char *path, const char *name, bool swap)
{
        char *text, *what, *where;
        int k = host_read(h, path, &text);

        if (k < 0)
                return 0;
        what = unit_value(h, text, "What");
        where = unit_value(h, text, "Where");
        k = what ? fstab_line(h, str_trim(what), where ? str_trim(where) : "", swap ? "swap" : "", name) : 0;
        return k < 0 ? k : 0;
}

static void drop_ins(struct graph *h, const char *dir, const char *name, bool swap)
{
        const char **files;
        size_t n;
        int k = root_list(h->root, h->arena, dir, &files, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char *path = arena_join(h->arena, dir, "/", files[i], NULL);

                k = unit(h, path, name, swap);
        }
}

static void units(struct graph *h, const char *dir)
{
        const char **names;
        size_t n;
        int k = root_list(h->root, h->arena, dir, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                static const char *const suffixes[] = {".mount", ".swap", ".mount.d", ".swap.d"};
                char *path = arena_join(h->arena, dir, "/", names[i], NULL);

                for (size_t s = 0; k == 0 && s < ARRAY_SIZE(suffixes); s++) {
                        size_t length = strlen(names[i]), end = strlen(suffixes[s]);

                        if (length > end && streq(names[i] + length - end, suffixes[s])) {
                                k = 0;
                                if (s < 2)
                                        k = unit(h, path, names[i], s == 1);
                                else
                                        drop_ins(h, path, names[i], s == 3);
                        }
                }
        }
}

/*
 * A device that a token names: by the value, or by what of it stands in front of or behind a separator; or a tag's
 * value that stands there.
 */
static int device_token(struct graph *h, const char *token)
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
                int k;

                if (!startswith(token, keys[i].key))
                        continue;
                at = keys[i].separator ? strchr(value, keys[i].separator) : NULL;
                if (keys[i].behind && !at)
                        return 0;
                if (keys[i].tag && startswith(value, "luks-"))
                        value += strlen("luks-");
                spec = keys[i].behind ? arena_strdup(h->arena, at + 1)
                                      : arena_strndup(h->arena, value, at ? (size_t)(at - value) : strlen(value));
                if (spec && keys[i].tag)
                        spec = arena_join(h->arena, keys[i].tag, spec, NULL);
                if (!names_a_disk(spec))
                        return 0;
                k = host_use_spec(h, spec, keys[i].tag ? "rd.luks" : keys[i].key);
                if (k == 0)
                        host_unknown(h, &h->evidence->storage_unknown,
                                     "the command line has %s, and on which disk that is is not known", token);
                return k;
        }
        return 0;
}

static int command_line_token(struct graph *h, const char *token)
{
        const char *device = token + strlen("resume=");
        unsigned major, minor;
        size_t node = NO_NODE;
        int k, length;

        if (startswith(token, "root="))
                return host_use_spec(h, token + strlen("root="), "root=");
        if (!startswith(token, "resume="))
                return device_token(h, token);
        if (sscanf(device, "%u:%u%n", &major, &minor, &length) == 2 && !device[length])
                node = host_by_number(h->evidence, major, minor);
        if (node != NO_NODE) {
                host_use(h, node, "resume=");
                return 0;
        }
        k = host_use_spec(h, device, "resume=");
        if (k == 0 && names_a_disk(device))
                host_unknown(h, &h->evidence->storage_unknown, "resume= has %s, and which disk that is is not known",
                             device);
        return k;
}

static int command_line(struct graph *h)
{
        struct token *tokens;
        size_t n = 0;
        bool unclosed;
        char *text;
        int k = host_read(h, "/proc/cmdline", &text);

        if (k < 0)
                return 0;
        cmdline_split(h->arena, text, &tokens, &n, &unclosed);
        for (size_t i = 0; k >= 0 && i < n; i++) {
                char *token = arena_join(h->arena, tokens[i].name, "=", tokens[i].value ? tokens[i].value : "", NULL);

                k = command_line_token(h, token);
        }
        return k < 0 ? k : 0;
}

/* "" where there is no such file: a host need not have one. Below /sysroot in an initrd. */
static void optional(struct graph *h, const char *path, const char **ret)
{
        char *in_root = arena_join(h->arena, h->facts->in_initrd ? SYSROOT : "", path, NULL), *text;
        int k = host_read(h, in_root, &text);

        *ret = k == 0 ? text : "";
        if (k == 0 || k == -ENOENT || k == -ENOTDIR)
                return;
        host_unknown(h, &h->evidence->storage_unknown, "%s cannot be read", path);
}

int host_tables(struct graph *h)
{
        const char *text;
        int k = 0;

        optional(h, "/etc/crypttab", &h->crypttab);

        if (k == 0)
                optional(h, "/etc/fstab", &text);
        if (k == 0)
                k = fstab(h, text);
        if (k == 0)
                k = crypttab(h);
        if (k == 0)
                units(h, h->facts->in_initrd ? SYSROOT "/etc/systemd/system" : "/etc/systemd/system");
        return k == 0 ? command_line(h) : k;
}
