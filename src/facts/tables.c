/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's files and its command line say it will have: fstab, crypttab, units of systemd, root=, resume=. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "facts/graph.h"

/* The value of TAG="value" may be quoted. */
static void unquote(char *spec)
{
        char *value = strchr(spec, '='), *end = spec + strlen(spec);

        if (value && (value[1] == '"' || value[1] == '\'') && end > value + 2 && end[-1] == value[1]) {
                end[-1] = '\0';
                memmove(value + 1, value + 2, strlen(value + 2) + 1);
        }
}

/* A tag or a device of the block layer; not a network share, a directory or a removable medium. */
static bool names_a_disk(const char *spec)
{
        static const char *const removable[] = {"/dev/sr", "/dev/cdrom", "/dev/dvd", "/dev/fd", "/dev/scd"};

        for (size_t i = 0; i < ARRAY_SIZE(removable); i++)
                if (startswith(spec, removable[i]))
                        return false;
        return startswith(spec, "/dev/") || (strchr(spec, '=') && strcspn(spec, "=") < strcspn(spec, "/:"));
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

        if (!what || !copy)
                return -ENOMEM;
        unquote(copy);
        if (streq(type, "zfs"))
                return host_use_pool(h, spec, what);
        if (!names_a_disk(copy))
                return 0;
        k = host_use_spec(h, copy, what);
        if (k == 0)
                k = in_crypttab(h, copy);
        if (k == 0 && !swap)
                k = host_mounted(h, at);
        return k != 0 ? k
                      : host_unknown(h, &h->host->storage_unknown,
                                     "%s has %s for %s, and on which disk that is is not known", file, copy,
                                     swap ? "swap" : at);
}

static int fstab(struct graph *h, const char *text)
{
        const char **fields;
        size_t n = 0;
        int k;

        while ((k = table_line(h, &text, &fields, &n)) > 0) {
                if (n >= 3)
                        k = fstab_line(h, fields[0], fields[1], fields[2], "fstab");
                if (k < 0)
                        break;
        }
        return k < 0 ? k : 0;
}

static bool is_open(const struct graph *h, const char *map_name)
{
        for (size_t i = 0; i < h->host->n_nodes; i++)
                if (h->host->nodes[i].map_name && streq(h->host->nodes[i].map_name, map_name))
                        return true;
        return false;
}

/* One device of a crypttab line. */
static int crypttab_device(struct graph *h, const char *name, const char *spec)
{
        char *what = arena_printf(h->arena, "crypttab %s", name), *copy = arena_strdup(h->arena, spec);
        int k;

        if (!what || !copy)
                return -ENOMEM;
        unquote(copy);
        if (!names_a_disk(copy) || streq(copy, "/dev/random") || streq(copy, "/dev/urandom"))
                return 0;
        k = host_use_spec(h, copy, what);
        return k != 0 || is_open(h, name)
                       ? k
                       : host_unknown(h, &h->host->storage_unknown,
                                      "crypttab has %s for %s, and on which disk that is is not known", copy, name);
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
                k = crypttab_device(h, fields[0], fields[1]);
                for (size_t i = 2; k >= 0 && i < 4; i++) {
                        const char *file = i == 2 ? (n >= 3 ? fields[2] : NULL) : header ? header + 7 : NULL, *colon;
                        char *copy =
                                file ? arena_strndup(h->arena, file, i == 2 ? strlen(file) : strcspn(file, ",")) : NULL;

                        if (!file)
                                continue;
                        if (!copy)
                                return -ENOMEM;
                        colon = *copy == '/' ? strchr(copy, ':') : NULL;
                        k = crypttab_device(h, fields[0], colon ? colon + 1 : copy);
                }
                if (k < 0)
                        break;
        }
        return k < 0 ? k : 0;
}

/* The value of KEY= in a unit of systemd. */
static char *unit_value(struct graph *h, const char *text, const char *key)
{
        const char *line, *end;

        while ((line = host_line(&text, &end)))
                if (startswith(line, key))
                        return arena_strndup(h->arena, line + strlen(key), (size_t)(end - line) - strlen(key));
        return NULL;
}

static int units(struct graph *h, const char *dir)
{
        const char **names;
        size_t n;
        int k = root_list(h->root, h->arena, dir, &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                const char *suffix = strrchr(names[i], '.');
                char path[PATH_MAX], *text, *what, *where;

                if (!suffix || (!streq(suffix, ".mount") && !streq(suffix, ".swap")) ||
                    snprintf(path, sizeof(path), "%s/%s", dir, names[i]) >= (int)sizeof(path))
                        continue;
                k = host_read(h, path, &text);
                if (k < 0) {
                        k = k == -ENOMEM ? k : 0;
                        continue;
                }
                what = unit_value(h, text, "What=");
                where = unit_value(h, text, "Where=");
                if (what)
                        k = fstab_line(h, str_trim(what), where ? str_trim(where) : "",
                                       streq(suffix, ".swap") ? "swap" : "", names[i]);
                k = k < 0 ? k : 0;
        }
        return k == -ENOMEM ? k : 0;
}

static int command_line_token(struct graph *h, char *token)
{
        static const char *const luks[] = {"rd.luks.uuid=", "luks.uuid=", "rd.luks.name=", "luks.name="};
        char spec[128];
        int k;

        if (startswith(token, "root="))
                return host_use_spec(h, token + strlen("root="), "root=");
        if (startswith(token, "resume=")) {
                const char *device = token + strlen("resume=");

                k = host_use_spec(h, device, "resume=");
                if (k == 0 && names_a_disk(device))
                        k = host_unknown(h, &h->host->storage_unknown,
                                         "resume= has %s, and which disk that is is not known", device);
                return k;
        }
        for (size_t i = 0; i < ARRAY_SIZE(luks); i++) {
                const char *uuid = token + strlen(luks[i]);

                if (!startswith(token, luks[i]))
                        continue;
                uuid += startswith(uuid, "luks-") ? strlen("luks-") : 0;
                snprintf(spec, sizeof(spec), "UUID=%.*s", (int)strcspn(uuid, "="), uuid);
                k = host_use_spec(h, spec, "rd.luks");
                return k != 0 ? k
                              : host_unknown(h, &h->host->storage_unknown,
                                             "the command line has %s, and on which disk that is is not known", token);
        }
        return 0;
}

static int command_line(struct graph *h)
{
        char *text, *token;
        int k = host_read(h, "/proc/cmdline", &text);

        if (k < 0)
                return k == -ENOMEM ? k : 0;
        while (k >= 0 && (token = strsep(&text, " \t\n")))
                k = command_line_token(h, token);
        return k < 0 ? k : 0;
}

/* "" where there is no such file: a host need not have one. Below /sysroot in an initrd. */
static int optional(struct graph *h, const char *path, const char **ret)
{
        char *in_root = arena_join(h->arena, h->facts->in_initrd ? SYSROOT : "", path, NULL), *text;
        int k = in_root ? host_read(h, in_root, &text) : -ENOMEM;

        *ret = k == 0 ? text : "";
        if (k == 0 || k == -ENOENT || k == -ENOTDIR)
                return 0;
        return k == -ENOMEM ? k : host_unknown(h, &h->host->storage_unknown, "%s cannot be read", path);
}

int host_tables(struct graph *h)
{
        const char *text;
        int k = optional(h, "/etc/crypttab", &h->crypttab);

        if (k == 0)
                k = optional(h, "/etc/fstab", &text);
        if (k == 0)
                k = fstab(h, text);
        if (k == 0)
                k = crypttab(h);
        if (k == 0)
                k = units(h, h->facts->in_initrd ? SYSROOT "/etc/systemd/system" : "/etc/systemd/system");
        return k == 0 ? command_line(h) : k;
}
