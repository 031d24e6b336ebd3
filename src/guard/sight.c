/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of the host shows at this moment. An image is built at odd times, too: in a chroot, in a service without a
 * network, in an update that is offline. What shows less than an earlier moment did must not revoke what that one
 * found.
 */

#include "base/str.h"
#include "guard/fields.h"
#include "guard/parts.h"

#define MOUNTS "storage:/proc/self/mountinfo"

/* Each with the kind that it is evidence of. */
static const char *const sources[] = {
        "storage:/proc/swaps",    "storage:/etc/fstab",      "storage:/sys/class/block",
        "storage:/run/udev/data", "network:/proc/net/route", "network:/proc/net/ipv6_route",
        "network:/sys/class/net", "people:/sys/class/input",
};

/* "8:2 /" of the file system that is the root in a table of mounts, NULL where there is none. */
static const char *root_of(struct graph *g, const char *path, enum source *ret)
{
        const char *rest, **f, *found = NULL;
        size_t n, size;
        char *text;

        *ret = root_look(g->root, g->arena, path, &text, &size);
        for (rest = text; guard_fields(g->arena, &rest, &f, &n);)
                if (n > 4 && streq(f[4], "/"))
                        found = arena_join(g->arena, f[2], " ", f[3], NULL);
        return found;
}

/* In a chroot the mounts of the host do not show: there / is another than the first process has. */
static bool sees_mounts(struct graph *g)
{
        enum source own, first;
        const char *here = root_of(g, "/proc/self/mountinfo", &own), *host = root_of(g, "/proc/1/mountinfo", &first);

        return here && (first == SOURCE_ABSENT || streq_ptr(host, here));
}

void guard_sight(struct graph *g)
{
        struct evidence *e = g->evidence;

        if (sees_mounts(g))
                str_add(g->arena, &e->seen, &e->n_seen, MOUNTS);
        for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
                if (root_exists(g->root, strchr(sources[i], ':') + 1))
                        str_add(g->arena, &e->seen, &e->n_seen, sources[i]);
}
