/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual GPUs go with the driver of what they are made of: mediated devices
 * (Documentation/driver-api/vfio-mediated-device.rst), and the types that virtual functions of NVIDIA's have. Whether
 * somebody uses them at this moment makes no difference.
 */
#include <fcntl.h>
#include <limits.h>

#include "base/str.h"
#include "guard/parts.h"
#include "guard/source.h"

#define DEVICES   "/sys/bus/mdev/devices"
#define PARENTS   "/sys/class/mdev_bus"
#define NVIDIA    "nvidia"
#define VENDOR    "10de:" /* its driver may not show */
#define TYPE      "/nvidia/current_vgpu_type"
#define SHOWN_MAX 2

struct found {
        struct graph *g;
        uint32_t *n;  /* by device: its mediated devices */
        bool *parent; /* by device: its driver makes them */
};

/* "../../../devices/pci0000:00/0000:00:02.0/UUID" */
static void add(const struct found *x, const char *link, const char *uuid)
{
        const char *name = str_basename(link);
        char *up = arena_strndup(x->g->arena, link, name > link ? (size_t)(name - 1 - link) : 0);
        size_t device = facts_find(x->g->facts, str_basename(up));
        struct device *d = device == NO_DEVICE ? NULL : &x->g->facts->devices[device];

        if (d && x->n[device]++ < SHOWN_MAX)
                d->gpus = arena_join(x->g->arena, d->gpus ? d->gpus : "", d->gpus ? ", " : "", uuid, NULL);
}

/* Each is a directory of its parent's, too. */
static void look_at_parents(const struct found *x)
{
        const char **names, **below;
        size_t n, n_below;

        guard_list(x->g, PARENTS, &names, &n);
        for (size_t i = 0; i < n; i++) {
                size_t device = facts_find(x->g->facts, names[i]);
                struct device *d = device == NO_DEVICE ? NULL : &x->g->facts->devices[device];
                uint32_t made = 0;

                if (!d)
                        continue;
                x->parent[device] = true;
                guard_list(x->g, d->sysfs, &below, &n_below);
                for (size_t k = 0; k < n_below; k++)
                        made += str_is_uuid(below[k]);
                if (made > x->n[device])
                        d->gpus_unknown = arena_printf(x->g->arena,
                                                       "cannot see whether mediated devices are made of it: " DEVICES
                                                       " lacks %u of %u",
                                                       made - x->n[device], made);
        }
}

static void look_at_mediated(const struct found *x)
{
        _cleanup_(close_fd) int fd = root_open_at(x->g->root, DEVICES, O_PATH | O_DIRECTORY);
        char link[PATH_MAX];
        const char **names;
        size_t n;

        if (guard_list(x->g, DEVICES, &names, &n) == SOURCE_UNREADABLE)
                return;
        for (size_t i = 0; i < n; i++) {
                if (dir_readlink(fd, names[i], link, sizeof(link)) <= 0)
                        guard_unknown(x->g, x->g->unknown, DEVICES "/%s cannot be read", names[i]);
                else
                        add(x, link, names[i]);
                root_note(x->g->root, ASKED_LINK, DEVICES, names[i], 0);
        }
        look_at_parents(x);
        for (size_t i = 0; i < x->g->facts->n_devices; i++) {
                struct device *d = &x->g->facts->devices[i];

                if (x->n[i] > SHOWN_MAX)
                        d->gpus = arena_printf(x->g->arena, "%s and %u more", d->gpus, x->n[i] - SHOWN_MAX);
                if (x->n[i] > 0)
                        d->gpus = arena_join(x->g->arena, x->n[i] > 1 ? "mediated devices " : "the mediated device ",
                                             d->gpus, x->n[i] > 1 ? " are" : " is", " made of it", NULL);
        }
}

/* A virtual function of NVIDIA's has a type, or none, unless mediated devices are made of it. */
static void look_at_type(struct graph *g, struct device *d, bool parent)
{
        const char *file = arena_join(g->arena, d->sysfs, TYPE, NULL), *type;
        enum source source;
        char *text;
        size_t size;

        source = root_look(g->root, g->arena, file, &text, &size);
        type = str_trim(text);
        if (source == SOURCE_ABSENT && d->parent && !parent && streq_ptr(d->driver_now, NVIDIA))
                d->gpus_unknown =
                        arena_join(g->arena, "cannot see whether it is a virtual GPU: ", file, " is not there", NULL);
        if (source == SOURCE_ABSENT || streq(type, "0"))
                return;
        if (source == SOURCE_UNREADABLE || !*type || type[strspn(type, "0123456789")])
                d->gpus_unknown =
                        arena_join(g->arena, "cannot see whether it is a virtual GPU: ", file, " cannot be read", NULL);
        else
                d->gpus = arena_join(g->arena, "it is a virtual GPU, of type ", type, NULL);
}

void guard_vgpus(struct graph *g)
{
        size_t n = g->facts->n_devices;
        const struct found x = {g, arena_alloc(g->arena, n * sizeof(*x.n)),
                                arena_alloc(g->arena, n * sizeof(*x.parent))};
        const char **unknown = arena_alloc(g->arena, sizeof(*unknown));

        g->unknown = unknown;
        look_at_mediated(&x);
        for (size_t i = 0; i < g->facts->n_devices; i++) {
                struct device *d = &g->facts->devices[i];

                if (!d->detailed || d->stuck || (d->driver_now && driver_sets_aside(d->driver_now)))
                        continue;
                if (startswith(d->id, VENDOR) && !d->gpus)
                        look_at_type(g, d, x.parent[i]);
                if (*unknown && d->driver_now && !d->gpus_unknown)
                        d->gpus_unknown = arena_join(
                                g->arena, "cannot see whether mediated devices are made of it: ", *unknown, NULL);
        }
}
