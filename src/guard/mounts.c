/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted and swapped to now (proc_pid_mountinfo(5), proc_swaps(5)). */
#include <stdio.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/filesystems.h"
#include "guard/source.h"
#include "guard/storage.h"

#define DEPTH_MAX 8 /* layers upon layers */

/* Where it will be once the host runs. */
static const char *path_on_host(const struct graph *g, const char *path)
{
        if (g->facts->in_initrd && streq(path, "/"))
                return "the initrd's own /";
        if (!g->facts->in_initrd || !startswith(path, g->facts->initrd->root))
                return path;
        path += strlen(g->facts->initrd->root);
        return *path ? path : "/";
}

/* For a whole line. */
static bool parse(const struct graph *g, const char *const *f, size_t n, struct mount *ret)
{
        size_t dash = 5; /* optional fields come before it */
        int length = 0;

        while (dash < n && !streq(f[dash], "-"))
                dash++;
        if (dash + 2 >= n || sscanf(f[2], "%u:%u%n", &ret->major, &ret->minor, &length) != 2 || f[2][length])
                return false;
        ret->at = path_on_host(g, f[4]);
        ret->type = f[dash + 1];
        ret->source = f[dash + 2];
        ret->options = dash + 3 < n ? f[dash + 3] : "";
        ret->node = NO_NODE;
        return true;
}

/* It may be on any disk, or come over any network. */
static void lost(struct graph *g, const char *what)
{
        guard_unknown(g, &g->evidence->storage_unknown, "%s", what);
        guard_unknown(g, &g->remote, "%s", what);
}

bool guard_mounts(struct graph *g)
{
        const char *rest, **f;
        char *text;
        size_t n;

        if (guard_read(g, "/proc/self/mountinfo", &text) == SOURCE_UNREADABLE)
                lost(g, "/proc/self/mountinfo cannot be read as a whole");
        for (rest = text; guard_fields(g->arena, &rest, &f, &n);) {
                struct mount m;

                if (parse(g, f, n, &m))
                        *(struct mount *)arena_grow(g->arena, &g->mounts, g->n_mounts++, sizeof(m)) = m;
                else
                        lost(g, "a line of /proc/self/mountinfo is not whole");
        }
        if (guard_mounted(g, "/"))
                return true;
        guard_unknown(g, &g->evidence->storage_unknown, "cannot see what is mounted");
        return false;
}

bool guard_mounted(const struct graph *g, const char *at)
{
        for (size_t i = 0; i < g->n_mounts; i++)
                if (streq(g->mounts[i].at, at) && !streq(g->mounts[i].type, "autofs"))
                        return true;
        return false;
}

/* How much of a path is the mount point's; 0 if it is not below it. */
static size_t below(const char *path, const char *at)
{
        size_t n = strlen(at);

        if (streq(at, "/"))
                return *path == '/';
        return startswith(path, at) && (!path[n] || path[n] == '/') ? n : 0;
}

/*
 * The mount that a path is on, were that one, and those from that device (or NO_NODE), not there; or NULL. Of several
 * at one place, the last.
 */
static struct mount *mount_of(const struct graph *g, const char *path, const struct mount *without, size_t not_from)
{
        struct mount *found = NULL;
        size_t longest = 0;

        for (size_t i = 0; i < g->n_mounts; i++) {
                size_t n = below(path, g->mounts[i].at);

                if (&g->mounts[i] == without || (not_from != NO_NODE && g->mounts[i].node == not_from) || n == 0 ||
                    n < longest || streq(g->mounts[i].type, "autofs"))
                        continue;
                longest = n;
                found = &g->mounts[i];
        }
        return found;
}

static bool on_disk(const struct graph *g, struct mount *m, unsigned depth);

/* The directories or images that a list of paths means are on mounts that show, and these on disks. */
static bool paths_on_disk(const struct graph *g, const char *paths, struct mount *m, unsigned depth)
{
        char *rest = arena_strdup(g->arena, paths), *path;
        struct mount *on = NULL;

        while ((path = strsep(&rest, ":"))) {
                /* An image of names alone, which is hidden: what it names is in the directory behind it. */
                if (!*path || startswith(path, "/run/ostree/") ||
                    (startswith(m->source, "composefs") && (streq(path, "/") || startswith(path, "/run/"))))
                        continue;
                on = *path == '/' ? mount_of(g, path, m, NO_NODE) : NULL;
                if (!on || !on_disk(g, on, depth + 1))
                        return false;
        }
        if (on)
                m->node = on->node;
        return on;
}

/* lowerdir=A:B::C, or lowerdir+=A,datadir+=B (Documentation/filesystems/overlayfs.rst); basedir= of composefs. */
static bool layers_on_disk(const struct graph *g, struct mount *m, unsigned depth)
{
        static const char *const keys[] = {"lowerdir=", "lowerdir+=", "datadir+=", "basedir="};
        char *rest = arena_strdup(g->arena, m->options), *option, *paths = arena_strdup(g->arena, "");

        while ((option = strsep(&rest, ",")))
                for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                        if (startswith(option, keys[i]))
                                paths = arena_join(g->arena, paths, ":", option + strlen(keys[i]), NULL);
        return paths_on_disk(g, paths, m, depth);
}

/* Which of the disks it is shows: by the mount's own device, or by the mounts that its layers or its image are on. */
static bool on_disk(const struct graph *g, struct mount *m, unsigned depth)
{
        if (m->node != NO_NODE || depth > DEPTH_MAX)
                return m->node != NO_NODE;
        if (filesystem_of(m->type) == FILESYSTEM_LAYERS)
                return layers_on_disk(g, m, depth);
        return m->major == 0 && *m->source == '/' && !startswith(m->source, "/dev/") &&
               paths_on_disk(g, m->source, m, depth);
}

/* A file system without a device number of its own names what it is on, more than one with ':' between (bcachefs). */
static void use_sources(struct graph *g, struct mount *m)
{
        char *rest = arena_strdup(g->arena, m->source), *source;
        bool process = filesystem_of(m->type) == FILESYSTEM_PROCESS;

        while ((source = strsep(&rest, ":"))) {
                /* What the kernel mounted as its root before there were any names. */
                const char *spec = streq(source, "/dev/root") ? guard_argument(g, "root") : source;
                size_t node = startswith(source, "/dev/") ? guard_resolve(g, spec, 0) : NO_NODE;

                if (node != NO_NODE) {
                        m->node = guard_whole(g, node);
                        guard_use_spec(g, spec, m->at);
                } else if (startswith(source, "/dev/") && !process)
                        guard_unknown(g, &g->evidence->storage_unknown, "%s is mounted at %s, and its disk is unknown",
                                      source, m->at);
        }
}

static void use_mount(struct graph *g, struct mount *m)
{
        guard_use_options(g, m->options, m->at);
        if (m->major != 0) {
                m->node = guard_block_numbered(g, m->major, m->minor);
                if (m->node == NO_NODE)
                        guard_unknown(g, &g->evidence->storage_unknown,
                                      "block device %u:%u is mounted at %s, and it is unknown here", m->major, m->minor,
                                      m->at);
                else
                        guard_use(g, m->node = guard_whole(g, m->node), "%s", m->at);
        } else if (streq(m->type, "zfs"))
                m->node = guard_use_dataset(g, m->source, m->at);
        else
                use_sources(g, m);
}

/* After all mounts are known: which of those without a device of their own cannot be followed to a disk. */
static void follow(struct graph *g, struct mount *m)
{
        const char **unknown = &g->evidence->storage_unknown;
        enum filesystem kind = filesystem_of(m->type);
        bool root = streq(m->at, "/");

        if (m->major != 0 || (kind == FILESYSTEM_LAYERS && !root && !streq(m->at, "/usr")))
                return;
        if (kind == FILESYSTEM_DISK || kind == FILESYSTEM_LAYERS) {
                if (!on_disk(g, m, 0))
                        guard_unknown(g, unknown, "%s is %s, and the disk below it is unknown", m->at, m->type);
        } else if (root && kind != FILESYSTEM_NETWORK && kind != FILESYSTEM_CLUSTER)
                guard_unknown(g, unknown, "the root file system is %s, and the disk below it is unknown", m->type);
        if (root && (kind == FILESYSTEM_HOST || kind == FILESYSTEM_CLUSTER))
                guard_unknown(g, &g->remote, "the root file system is %s, over an unknown network", m->type);
}

/* A loop device is on what its file is on, which is no mount from the loop device itself. */
static void follow_loops(struct graph *g)
{
        for (size_t i = 0; i < g->evidence->n_nodes; i++) {
                const char *file = g->evidence->nodes[i].backing;
                const struct mount *m = file ? mount_of(g, path_on_host(g, file), NULL, i) : NULL;

                if (m)
                        guard_stand(g, i, m->node);
        }
}

/* The root file system first: a chain had better name that. */
void guard_use_mounts(struct graph *g)
{
        for (int root = 1; root >= 0; root--)
                for (size_t i = 0; i < g->n_mounts; i++)
                        if (streq(g->mounts[i].at, "/") == root)
                                use_mount(g, &g->mounts[i]);
        for (size_t i = 0; i < g->n_mounts; i++)
                follow(g, &g->mounts[i]);
        follow_loops(g);
}

/* A swap file is on a file system that is mounted, and so guarded. */
void guard_swaps(struct graph *g)
{
        const char *rest, **f;
        enum source source;
        char *text;
        size_t n;

        source = guard_read(g, "/proc/swaps", &text);
        if (source == SOURCE_UNREADABLE)
                lost(g, "cannot see what is swap");
        else if (source == SOURCE_ABSENT)
                guard_unknown(g, &g->evidence->storage_unknown, "cannot see what is swap");
        for (rest = text; guard_fields(g->arena, &rest, &f, &n);)
                if (n < 2)
                        lost(g, "a line of /proc/swaps is not whole");
                else if (startswith(f[0], "/dev/") && guard_use_spec(g, f[0], USE_SWAP) == 0)
                        lost(g, arena_join(g->arena, f[0], " is swap, and its disk is unknown", NULL));
}
