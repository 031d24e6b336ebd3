/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/str.h"
#include "config/files.h"

static enum source note(struct graph *g, const char *path, enum source source)
{
        if (source == SOURCE_UNREADABLE)
                guard_unknown(g, g->unknown, "%s cannot be read", path);
        return source;
}

/*
 * The root that a path is below: what an initrd reads of the host has the host's links in it, which do not lead into
 * the initrd. Opened at its first use.
 */
static const struct root *root_of(struct graph *g, const char **path)
{
        const struct initrd *initrd = g->facts->in_initrd ? g->facts->initrd : NULL;
        size_t n = initrd ? strlen(initrd->root) : 0;

        if (!initrd || !startswith(*path, initrd->root) || (*path)[n] != '/')
                return g->root;
        if (g->host.fd < 0 && root_open_below(g->root, initrd->root, &g->host) < 0)
                return g->root;
        g->host.tap = g->root->tap;
        g->host.above = initrd->root;
        *path += n;
        return &g->host;
}

/* As systemd masks a unit. */
static bool is_masked(const struct root *root, const char *path)
{
        char target[16];

        return root_readlink(root, path, target, sizeof(target)) > 0 && streq(target, "/dev/null");
}

/* A link that leads nowhere: where it should lead may not be mounted yet. */
static bool dangles(const struct root *root, const char *path)
{
        char target[PATH_MAX];

        return root_readlink(root, path, target, sizeof(target)) > 0 && !streq(target, "/dev/null");
}

enum source guard_bytes(struct graph *g, const char *path, char **ret, size_t *ret_size)
{
        const char *name = path;
        const struct root *root = root_of(g, &name);
        enum source source = root_look(root, g->arena, name, ret, ret_size);

        if (source == SOURCE_UNREADABLE && is_masked(root, name))
                return SOURCE_ABSENT;
        return note(g, path, source == SOURCE_ABSENT && dangles(root, name) ? SOURCE_UNREADABLE : source);
}

enum source guard_read(struct graph *g, const char *path, char **ret)
{
        size_t size;
        enum source source = guard_bytes(g, path, ret, &size);

        if (size == 0 || (*ret)[size - 1] == '\n')
                return source;
        guard_unknown(g, g->unknown, "%s ends in the middle of a line", path);
        return SOURCE_UNREADABLE;
}

enum source guard_list(struct graph *g, const char *path, const char ***ret, size_t *ret_n)
{
        const char *name = path;
        const struct root *root = root_of(g, &name);
        int k = root_names(root, g->arena, name, ret, ret_n);

        /* Nothing is below a path that is no directory; the path itself has to be one. */
        if (k == -ENOENT || k == -ENOTDIR)
                return note(g, path,
                            dangles(root, name) || (k == -ENOTDIR && root_exists(root, name)) ? SOURCE_UNREADABLE
                                                                                              : SOURCE_ABSENT);
        return note(g, path, k == 0 ? SOURCE_READ : SOURCE_UNREADABLE);
}

static bool is_absent(ssize_t k)
{
        return k == -ENOENT || k == -ENOTDIR;
}

enum source guard_class(struct graph *g, const char *path, const char ***ret, size_t *ret_n)
{
        enum source source = guard_list(g, path, ret, ret_n);

        if (source == SOURCE_UNREADABLE)
                guard_unknown(g, &g->evidence->unlisted, "%s cannot be read", path);
        return source;
}

ssize_t guard_attribute(struct graph *g, const char *path, char *buf, size_t size)
{
        ssize_t n = root_read_line(g->root, path, buf, size);

        if (n < 0) {
                /* Files of sysfs that say one of the others are about what the device has not. */
                note(g, path,
                     is_absent(n) || n == -ENODEV || n == -ENXIO || n == -EINVAL ? SOURCE_ABSENT : SOURCE_UNREADABLE);
                *buf = '\0';
        }
        return n;
}

bool guard_exists(struct graph *g, const char *path)
{
        _cleanup_(close_fd) int fd = root_open_at(g->root, path, O_PATH);

        note(g, path, fd >= 0 ? SOURCE_READ : is_absent(fd) ? SOURCE_ABSENT : SOURCE_UNREADABLE);
        return fd >= 0 || !is_absent(fd);
}

ssize_t guard_readlink(struct graph *g, const char *path, char *buf, size_t size)
{
        ssize_t n = root_readlink(g->root, path, buf, size);

        if (n < 0) {
                note(g, path, is_absent(n) ? SOURCE_ABSENT : SOURCE_UNREADABLE);
                *buf = '\0';
        }
        return n;
}

const char *guard_config(struct graph *g, const char *path, bool listed)
{
        struct diags diags = {.arena = g->arena};
        enum config_read k;
        size_t size;
        char *text;

        k = (enum config_read)config_file_read(g->root, g->arena, path, &(struct config_kind){"", ""}, &diags, &text,
                                               &size);
        if (k == CONFIG_READ_MASKED || (k == CONFIG_READ_ABSENT && !listed))
                return "";
        if (k == CONFIG_READ_OK && strlen(text) == size && text[size - 1] == '\n')
                return text;
        guard_unknown(g, &g->evidence->network_unknown,
                      k == CONFIG_READ_OK ? "%s is not text, or does not end with a line end" : "%s cannot be read",
                      path);
        return "";
}

const char *guard_table(struct graph *g, const char *path)
{
        char *text;

        guard_read(g, path, &text);
        return text;
}

const char *guard_in_root(const struct graph *g, const char *path)
{
        return g->facts->in_initrd ? arena_join(g->arena, g->facts->initrd->root, path, NULL) : path;
}

const char *guard_link(struct graph *g, int dir_fd, const char *dir, const char *name, char buf[static PATH_MAX])
{
        ssize_t n = dir_fd < 0 ? dir_fd : dir_readlink(dir_fd, name, buf, PATH_MAX);

        root_note(g->root, ASKED_LINK, dir, name, n);
        if (n < 0) {
                if (note(g, dir, is_absent(n) ? SOURCE_ABSENT : SOURCE_UNREADABLE) == SOURCE_UNREADABLE)
                        guard_unknown(g, &g->evidence->unlisted, "%s/%s cannot be read", dir, name);
                *buf = '\0';
        }
        return buf;
}

static size_t physical(struct graph *g, size_t device)
{
        const struct device *d = &g->facts->devices[device];
        const char *path;
        char target[PATH_MAX];
        ssize_t n;

        if (d->parent)
                return facts_find(g->facts, d->parent);
        if (d->roles & ROLE_BRIDGE)
                return NO_DEVICE;
        /* No rule need speak of it, and who gathers the others takes what cannot be read for absent. */
        path = arena_join(g->arena, d->sysfs, "/physfn", NULL);
        n = guard_readlink(g, path, target, sizeof(target));
        if (n < 0 && !is_absent(n))
                guard_unknown(g, &g->evidence->unlisted, "%s cannot be read", path);
        return n > 0 ? facts_find(g->facts, str_basename(target)) : NO_DEVICE;
}

void guard_reach_physical(struct graph *g, size_t first)
{
        bool *asked = arena_alloc(g->arena, g->facts->n_devices * sizeof(*asked));
        size_t *above = arena_alloc(g->arena, g->facts->n_devices * sizeof(*above));

        for (size_t i = first; i < g->evidence->n_nodes; i++)
                for (size_t f = 0, n = g->evidence->nodes[i].n_devices; f < n; f++) {
                        size_t device = g->evidence->nodes[i].devices[f];

                        if (!asked[device])
                                above[device] = physical(g, device);
                        asked[device] = true;
                        if (above[device] != NO_DEVICE)
                                guard_reach(g, i, above[device]);
                }
}
