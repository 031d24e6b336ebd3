/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host has on block devices, now and by what its files say it will have. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/str.h"
#include "facts/hosts.h"

/* "\040" as the kernel and fstab(5) write blanks. */
static void unescape(char *s)
{
        char *out = s;

        while (*s) {
                unsigned v;

                if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3 && sscanf(s + 1, "%3o", &v) == 1) {
                        *out++ = (char)v;
                        s += 4;
                } else
                        *out++ = *s++;
        }
        *out = '\0';
}

struct mount {
        unsigned major, minor;
        const char *at, *type;
        char *source;
};

/* Where it will be once the host runs. */
static const char *host_path(const struct hosts *h, const char *path)
{
        if (!h->facts->in_initrd || !startswith(path, SYSROOT))
                return path;
        path += strlen(SYSROOT);
        return *path ? path : "/";
}

/* 1 with the next line of mountinfo (proc_pid_mountinfo(5)), 0 at the end. */
static int next_mount(struct hosts *h, const char **text, struct mount *ret)
{
        const char *line, *end;

        while ((line = host_line(text, &end))) {
                char *copy = arena_strndup(h->arena, line, (size_t)(end - line)), *dash;
                const char **fields, **tail;
                size_t n, n_tail;
                int k;

                if (!copy)
                        return -ENOMEM;
                dash = strstr(copy, " - ");
                if (!dash)
                        continue;
                *dash = '\0';
                k = str_words(h->arena, copy, &fields, &n);
                if (k == 0)
                        k = str_words(h->arena, dash + 3, &tail, &n_tail);
                if (k < 0)
                        return k;
                if (n < 5 || n_tail < 2 || sscanf(fields[2], "%u:%u", &ret->major, &ret->minor) != 2)
                        continue;
                unescape((char *)fields[4]);
                unescape((char *)tail[1]);
                ret->at = host_path(h, fields[4]);
                ret->type = tail[0];
                ret->source = (char *)tail[1];
                return 1;
        }
        return 0;
}

static int is_mounted(struct hosts *h, const char *at)
{
        const char *text = h->mountinfo;
        struct mount m;
        int k;

        while ((k = next_mount(h, &text, &m)) > 0)
                if (streq(m.at, at))
                        return 1;
        return k;
}

static size_t by_number(const struct host *host, unsigned major, unsigned minor)
{
        for (size_t i = 0; i < host->n_nodes; i++)
                if (host->nodes[i].kind == NODE_BLOCK && host->nodes[i].major == major && host->nodes[i].minor == minor)
                        return i;
        return NO_NODE;
}

/* The file system of several members that a device is one of, or the device. */
static size_t whole(const struct host *host, size_t node)
{
        for (size_t i = 0; i < host->n_nodes; i++)
                for (size_t b = 0; host->nodes[i].kind == NODE_POOL && b < host->nodes[i].n_below; b++)
                        if (host->nodes[i].below[b] == node)
                                return i;
        return node;
}

/* All that a line of fstab or the like means is used; how many that is, or -ENOMEM. */
static int use_spec(struct hosts *h, const char *spec, const char *what)
{
        int found = 0;

        for (size_t node = 0; (node = host_resolve(h, spec, node)) != NO_NODE; node++, found++)
                if (host_use(h, whole(h->host, node), "%s", what) < 0)
                        return -ENOMEM;
        return found;
}

/* A new node for a pool; *ret_members is how many block devices it stands on. */
static int add_pool(struct hosts *h, const char *kind, const char *name, size_t *ret)
{
        char target[2];

        if (host_add(h, NODE_POOL, NULL, name, target, sizeof(target), ret) < 0)
                return -ENOMEM;
        h->host->nodes[*ret].label = arena_printf(h->arena, "%s %s", kind, name);
        return h->host->nodes[*ret].label ? 0 : -ENOMEM;
}

static int btrfs_pools(struct hosts *h)
{
        const char **ids, **members;
        size_t n, n_members, pool;
        int k = root_list(h->root, h->arena, "/sys/fs/btrfs", &ids, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char dir[PATH_MAX];

                if (snprintf(dir, sizeof(dir), "/sys/fs/btrfs/%s/devices", ids[i]) >= (int)sizeof(dir) ||
                    root_list(h->root, h->arena, dir, &members, &n_members) < 0 || n_members == 0)
                        continue;
                /* One alone stands for itself. */
                if (n_members == 1) {
                        pool = host_find(h->host, NODE_BLOCK, members[0]);
                        if (pool != NO_NODE) {
                                h->host->nodes[pool].held = true;
                                continue;
                        }
                }
                k = add_pool(h, "btrfs", ids[i], &pool);
                for (size_t m = 0; k == 0 && m < n_members; m++) {
                        size_t node = host_find(h->host, NODE_BLOCK, members[m]);

                        k = node != NO_NODE ? host_stand(h, pool, node)
                                            : host_unknown(h, &h->host->storage_unknown,
                                                           "btrfs %s has a member %s, which is on no disk that is seen",
                                                           ids[i], members[m]);
                }
        }
        return k == -ENOMEM ? k : 0;
}

static bool has_tag(const struct node *n, const char *kind, const char *value)
{
        size_t prefix = strlen(kind);

        for (size_t i = 0; i < n->n_tags; i++)
                if (startswith(n->tags[i], kind) && streq(n->tags[i] + prefix, value))
                        return true;
        return false;
}

/* Which disks a pool is on shows nowhere but on the disks themselves. */
static int zfs_pool(struct hosts *h, const char *dataset, const char *what)
{
        char *name = arena_strndup(h->arena, dataset, strcspn(dataset, "/@"));
        size_t pool = name ? host_find(h->host, NODE_POOL, name) : NO_NODE, n = h->host->n_nodes;
        bool all_tagged = true;

        if (!name)
                return -ENOMEM;
        if (pool != NO_NODE)
                return host_use(h, pool, "%s", what);
        if (add_pool(h, "zfs", name, &pool) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const struct node *b = &h->host->nodes[i];

                all_tagged &= b->kind != NODE_BLOCK || b->tagged || b->n_functions == 0 || b->major == 0;
                if (b->kind == NODE_BLOCK && has_tag(b, "TYPE=", "zfs_member") && has_tag(b, "LABEL=", name) &&
                    host_stand(h, pool, i) < 0)
                        return -ENOMEM;
        }
        if ((h->host->nodes[pool].n_below == 0 || !all_tagged) &&
            host_unknown(h, &h->host->storage_unknown, "zfs pool %s is in use, and on which disks is not known", name) <
                    0)
                return -ENOMEM;
        return host_use(h, pool, "%s", what);
}

static int zfs_imported(struct hosts *h)
{
        const char **names;
        size_t n;
        int k = root_list(h->root, h->arena, "/proc/spl/kstat/zfs", &names, &n);

        for (size_t i = 0; k == 0 && i < n; i++) {
                char path[PATH_MAX];

                if (snprintf(path, sizeof(path), "/proc/spl/kstat/zfs/%s/state", names[i]) < (int)sizeof(path) &&
                    root_exists(h->root, path))
                        k = zfs_pool(h, names[i], "in use");
        }
        return k == -ENOMEM ? k : 0;
}

/* A file system without a device number of its own names what it is on, more than one with ':' between (bcachefs). */
static int anonymous_mount(struct hosts *h, const struct mount *m)
{
        char *rest = m->source, *source;

        if (streq(m->type, "zfs"))
                return zfs_pool(h, m->source, m->at);
        while ((source = strsep(&rest, ":"))) {
                int found;

                if (!startswith(source, "/dev/"))
                        continue;
                found = use_spec(h, source, m->at);
                if (found < 0)
                        return found;
                if (found == 0 && !startswith(m->type, "fuse") && !streq(source, "/dev/root") &&
                    host_unknown(h, &h->host->storage_unknown,
                                 "%s is mounted at %s, and which disk that is is not known", source, m->at) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int mounts(struct hosts *h, bool root_only)
{
        const char *text = h->mountinfo;
        struct mount m;
        int k;

        while ((k = next_mount(h, &text, &m)) > 0) {
                size_t node;

                if (streq(m.at, "/") != root_only)
                        continue;
                if (m.major == 0) {
                        k = anonymous_mount(h, &m);
                } else {
                        node = by_number(h->host, m.major, m.minor);
                        k = node != NO_NODE ? host_use(h, whole(h->host, node), "%s", m.at)
                                            : host_unknown(h, &h->host->storage_unknown,
                                                           "block device %u:%u is mounted at %s, and which that is is "
                                                           "not known",
                                                           m.major, m.minor, m.at);
                }
                if (k < 0)
                        return k;
        }
        return k;
}

/* A swap file is on a file system that is mounted, and so guarded. */
static int swaps(struct hosts *h, const char *text)
{
        const char *line, *end;

        while ((line = host_line(&text, &end))) {
                char *copy = arena_strndup(h->arena, line, (size_t)(end - line));
                const char **fields;
                size_t n;
                int k = copy ? str_words(h->arena, copy, &fields, &n) : -ENOMEM;

                if (k < 0)
                        return k;
                if (n < 2 || !startswith(fields[0], "/dev/"))
                        continue;
                unescape((char *)fields[0]);
                k = use_spec(h, fields[0], "swap");
                if (k == 0)
                        k = host_unknown(h, &h->host->storage_unknown,
                                         "%s is swap, and which disk that is is not known", fields[0]);
                if (k < 0)
                        return k;
        }
        return 0;
}

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

/* The fields of line n of a table such as fstab; comments have none. */
static int table_line(struct hosts *h, const char **text, const char ***ret, size_t *ret_n)
{
        const char *end, *line = host_line(text, &end);
        char *copy;
        int k;

        if (!line)
                return 0;
        copy = arena_strndup(h->arena, line, (size_t)(end - line));
        k = copy ? str_words(h->arena, copy, ret, ret_n) : -ENOMEM;
        if (k == 0 && *ret_n > 0 && (*ret)[0][0] == '#')
                *ret_n = 0;
        for (size_t i = 0; k == 0 && i < *ret_n; i++)
                unescape((char *)(*ret)[i]);
        return k < 0 ? k : 1;
}

/* Whether crypttab opens a device of that name: then its own line says where it is. */
static int in_crypttab(struct hosts *h, const char *spec)
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

static int fstab_line(struct hosts *h, const char *spec, const char *at, const char *type, const char *file)
{
        bool swap = streq(type, "swap");
        char *what = arena_printf(h->arena, "%s %s", file, swap ? "swap" : at), *copy = arena_strdup(h->arena, spec);
        int k;

        if (!what || !copy)
                return -ENOMEM;
        unquote(copy);
        if (streq(type, "zfs"))
                return zfs_pool(h, spec, what);
        if (!names_a_disk(copy))
                return 0;
        k = use_spec(h, copy, what);
        if (k == 0)
                k = in_crypttab(h, copy);
        if (k == 0 && !swap)
                k = is_mounted(h, at);
        return k != 0 ? k
                      : host_unknown(h, &h->host->storage_unknown,
                                     "%s has %s for %s, and on which disk that is is not known", file, copy,
                                     swap ? "swap" : at);
}

static int fstab(struct hosts *h, const char *text)
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

static bool is_open(const struct hosts *h, const char *map_name)
{
        for (size_t i = 0; i < h->host->n_nodes; i++)
                if (h->host->nodes[i].map_name && streq(h->host->nodes[i].map_name, map_name))
                        return true;
        return false;
}

/* One device of a crypttab line. */
static int crypttab_device(struct hosts *h, const char *name, const char *spec)
{
        char *what = arena_printf(h->arena, "crypttab %s", name), *copy = arena_strdup(h->arena, spec);
        int k;

        if (!what || !copy)
                return -ENOMEM;
        unquote(copy);
        if (!names_a_disk(copy) || streq(copy, "/dev/random") || streq(copy, "/dev/urandom"))
                return 0;
        k = use_spec(h, copy, what);
        return k != 0 || is_open(h, name)
                       ? k
                       : host_unknown(h, &h->host->storage_unknown,
                                      "crypttab has %s for %s, and on which disk that is is not known", copy, name);
}

/* The device; where its key, and its header, are: a file, or "FILE:DEVICE" (crypttab(5)). */
static int crypttab(struct hosts *h)
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
static char *unit_value(struct hosts *h, const char *text, const char *key)
{
        const char *line, *end;

        while ((line = host_line(&text, &end)))
                if (startswith(line, key))
                        return arena_strndup(h->arena, line + strlen(key), (size_t)(end - line) - strlen(key));
        return NULL;
}

static int units(struct hosts *h, const char *dir)
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

static int command_line_token(struct hosts *h, char *token)
{
        static const char *const luks[] = {"rd.luks.uuid=", "luks.uuid=", "rd.luks.name=", "luks.name="};
        char spec[128];
        int k;

        if (startswith(token, "root="))
                return use_spec(h, token + strlen("root="), "root=");
        if (startswith(token, "resume=")) {
                const char *device = token + strlen("resume=");

                k = use_spec(h, device, "resume=");
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
                k = use_spec(h, spec, "rd.luks");
                return k != 0 ? k
                              : host_unknown(h, &h->host->storage_unknown,
                                             "the command line has %s, and on which disk that is is not known", token);
        }
        return 0;
}

static int command_line(struct hosts *h)
{
        char *text, *token;
        int k = host_read(h, "/proc/cmdline", &text);

        if (k < 0)
                return k == -ENOMEM ? k : 0;
        while (k >= 0 && (token = strsep(&text, " \t\n")))
                k = command_line_token(h, token);
        return k < 0 ? k : 0;
}

/* A device that others stand on, or a file system that is mounted where it cannot be seen. */
static int held(struct hosts *h)
{
        size_t n = h->host->n_nodes;

        for (size_t i = 0; i < n; i++)
                if ((h->host->nodes[i].held || h->host->nodes[i].n_below > 0) && host_use(h, i, "in use") < 0)
                        return -ENOMEM;
        return 0;
}

/* "" where there is no such file: a host need not have one. Below /sysroot in an initrd. */
static int optional(struct hosts *h, const char *path, const char **ret)
{
        char *in_root = arena_join(h->arena, h->facts->in_initrd ? SYSROOT : "", path, NULL), *text;
        int k = in_root ? host_read(h, in_root, &text) : -ENOMEM;

        *ret = k == 0 ? text : "";
        if (k == 0 || k == -ENOENT || k == -ENOTDIR)
                return 0;
        return k == -ENOMEM ? k : host_unknown(h, &h->host->storage_unknown, "%s cannot be read", path);
}

int host_storage(struct hosts *h)
{
        const char **unknown = &h->host->storage_unknown, *table;
        char *mountinfo, *active;
        int k = host_blocks(h);

        if (k > 0)
                return host_unknown(h, unknown, "which block devices there are is not known");
        if (k < 0)
                return k;
        if (host_read(h, "/proc/self/mountinfo", &mountinfo) < 0)
                return host_unknown(h, unknown, "what is mounted is not known");
        h->mountinfo = mountinfo;
        k = is_mounted(h, "/");
        if (k == 0)
                return host_unknown(h, unknown, "what is mounted is not known");
        if (k < 0 || host_tags(h) < 0 || btrfs_pools(h) < 0 || mounts(h, true) < 0 || mounts(h, false) < 0)
                return -ENOMEM;
        if (host_read(h, "/proc/swaps", &active) < 0) {
                if (host_unknown(h, unknown, "what is swap is not known") < 0)
                        return -ENOMEM;
        } else if (swaps(h, active) < 0)
                return -ENOMEM;
        k = optional(h, "/etc/crypttab", &h->crypttab);
        if (k == 0)
                k = optional(h, "/etc/fstab", &table);
        if (k == 0)
                k = fstab(h, table);
        if (k == 0)
                k = crypttab(h);
        if (k == 0)
                k = units(h, h->facts->in_initrd ? SYSROOT "/etc/systemd/system" : "/etc/systemd/system");
        if (k == 0)
                k = command_line(h);
        if (k == 0)
                k = zfs_imported(h);
        if (k == 0)
                k = host_claims(h);
        return k == 0 ? held(h) : k;
}
