/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is mounted and swapped to now (proc_pid_mountinfo(5), proc_swaps(5)). */
#include <stdio.h>

#include "base/str.h"
#include "guard/fields.h"
#include "guard/source.h"
#include "guard/storage.h"

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

bool guard_mounts(struct graph *g)
{
        const char *rest, **f;
        char *text;
        size_t n;

        guard_read(g, "/proc/self/mountinfo", &text);
        for (rest = text; guard_fields(g->arena, &rest, &f, &n);) {
                size_t dash = 5; /* optional fields come before it */
                struct mount m, *slot;

                while (dash < n && !streq(f[dash], "-"))
                        dash++;
                if (dash + 2 >= n || sscanf(f[2], "%u:%u", &m.major, &m.minor) != 2)
                        continue;
                m.at = path_on_host(g, f[4]);
                m.type = f[dash + 1];
                m.source = f[dash + 2];
                m.options = dash + 3 < n ? f[dash + 3] : "";
                slot = arena_grow(g->arena, &g->mounts, g->n_mounts, sizeof(*slot));
                *slot = m;
                g->n_mounts++;
        }
        return guard_mounted(g, "/");
}

bool guard_mounted(const struct graph *g, const char *at)
{
        for (size_t i = 0; i < g->n_mounts; i++)
                if (streq(g->mounts[i].at, at) && !streq(g->mounts[i].type, "autofs"))
                        return true;
        return false;
}

/* A file system without a device number of its own names what it is on, more than one with ':' between (bcachefs). */
static void anonymous(struct graph *g, const struct mount *m)
{
        static const char *const nowhere[] = {"overlay",  "tmpfs", "ramfs", "rootfs",
                                              "virtiofs", "9p",    "aufs",  "squashfs"};
        char *rest = arena_strdup(g->arena, m->source), *source;

        if (streq(m->type, "zfs")) {
                guard_use_dataset(g, m->source, m->at);
                return;
        }
        for (size_t i = 0; streq(m->at, "/") && i < ARRAY_SIZE(nowhere); i++)
                if (streq(m->type, nowhere[i])) {
                        guard_unknown(g, &g->evidence->storage_unknown,
                                      "the root file system is %s, and what that is on does not show", m->type);
                        return;
                }
        while ((source = strsep(&rest, ":")))
                if (startswith(source, "/dev/") && guard_use_spec(g, source, m->at) == 0 &&
                    !startswith(m->type, "fuse") && !streq(source, "/dev/root"))
                        guard_unknown(g, &g->evidence->storage_unknown,
                                      "%s is mounted at %s, and which disk that is is not known", source, m->at);
}

static void use_mount(struct graph *g, const struct mount *m)
{
        size_t node;

        guard_use_options(g, m->options, m->at);
        if (m->major == 0) {
                anonymous(g, m);
                return;
        }
        node = guard_block_numbered(g, m->major, m->minor);
        if (node != NO_NODE)
                guard_use(g, guard_whole(g, node), "%s", m->at);
        else
                guard_unknown(g, &g->evidence->storage_unknown,
                              "block device %u:%u is mounted at %s, and which that is is not known", m->major, m->minor,
                              m->at);
}

/* The root file system first: a chain had better name that. */
void guard_use_mounts(struct graph *g)
{
        for (int root = 1; root >= 0; root--)
                for (size_t i = 0; i < g->n_mounts; i++)
                        if (streq(g->mounts[i].at, "/") == root)
                                use_mount(g, &g->mounts[i]);
}

/* A swap file is on a file system that is mounted, and so guarded. */
void guard_swaps(struct graph *g)
{
        const char **unknown = &g->evidence->storage_unknown, *rest, **f;
        char *text;
        size_t n;

        if (guard_read(g, "/proc/swaps", &text) != SOURCE_READ)
                guard_unknown(g, unknown, "what is swap is not known");
        for (rest = text; guard_fields(g->arena, &rest, &f, &n);)
                if (n >= 2 && startswith(f[0], "/dev/") && guard_use_spec(g, f[0], "swap") == 0)
                        guard_unknown(g, unknown, "%s is swap, and which disk that is is not known", f[0]);
}
