/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types of virtual GPUs, and what a rule calls them. Pure. */
#include <ctype.h>
#include <stdlib.h>

#include "base/str.h"
#include "bus/mdev/vgpu-making.h"

#define SHOWN_MAX 6

static const char *without_maker(const char *name)
{
        const char *blank = strchr(name, ' ');

        return blank ? blank + 1 : name;
}

static bool is_called(const struct vgpu_type *t, const char *text)
{
        const char *dash = strrchr(t->id, '-');

        return streq(t->id, text) || streq(t->name, text) || streq(without_maker(t->name), text) ||
               (dash && streq(dash + 1, text));
}

const struct vgpu_type *vgpu_type_find(const struct vgpu_carrier *carrier, const char *text, size_t *ret_n)
{
        const struct vgpu_type *found = NULL;

        *ret_n = 0;
        for (size_t i = 0; i < carrier->n_types; i++)
                if (is_called(&carrier->types[i], text)) {
                        found = &carrier->types[i];
                        ++*ret_n;
                }
        return *ret_n == 1 ? found : NULL;
}

struct vgpu_type *vgpu_type_of(const struct vgpu_carrier *carrier, const char *id)
{
        for (size_t i = 0; i < carrier->n_types; i++)
                if (streq(carrier->types[i].id, id))
                        return &carrier->types[i];
        return NULL;
}

static void mean(struct vgpu_meant *meant, const struct vgpu_type *t, const char *text)
{
        if (!is_called(t, text) || (meant->type && streq(meant->type->id, t->id)))
                return;
        meant->type = t;
        meant->n++;
}

struct vgpu_meant vgpu_meant_by(const struct vgpu_facts *is, const char *text)
{
        struct vgpu_meant meant = {};

        for (size_t i = 0; i < is->n_carriers; i++)
                for (size_t t = 0; t < is->carriers[i].n_types; t++)
                        mean(&meant, &is->carriers[i].types[t], text);
        meant.offered = meant.n > 0;
        for (size_t t = 0; t < is->n_known && !meant.offered; t++)
                mean(&meant, &is->known[t], text);
        if (meant.n != 1)
                meant.type = NULL;
        return meant;
}

/* ---- names of NVIDIA's ------------------------------------------------------------------------------------------- */

bool vgpu_needs_instance(const char *name)
{
        /* "NVIDIA A100-1-5C": one slice of the card, with 5 GB. */
        const char *size = strrchr(name, '-');

        return size && isdigit((unsigned char)size[1]) && size - name >= 2 && isdigit((unsigned char)size[-1]) &&
               size[-2] == '-';
}

bool vgpu_takes_instance(const struct device *d, const struct vgpu_facts *is, const char *text)
{
        return startswith(d->id, "10de:") && vgpu_needs_instance(text) && vgpu_meant_by(is, text).n <= 1;
}

uint32_t vgpu_gigabytes(const char *name)
{
        const char *size = strrchr(name, '-');
        unsigned long n = size && isdigit((unsigned char)size[1]) ? strtoul(size + 1, NULL, 10) : 0;

        return n <= UINT16_MAX ? (uint32_t)n : 0;
}

const char *vgpu_instance_text(struct arena *a, const struct device *d)
{
        return arena_join(a, "it is a type of a GPU instance, and none is free: nvidia-smi mig -i ", d->address,
                          " -cgi PROFILE makes one, once nvidia-smi -i ", d->address, " -mig 1 has switched that on",
                          NULL);
}

const char *vgpu_unlike_text(struct arena *a, const struct device *d, const struct vgpu_facts *is, const char *rule)
{
        const char *when = is->manage
                                   ? arena_join(a,
                                                ", which ends when its virtual functions are made; between passthrough-"
                                                "vgpu-functions@",
                                                rule, ".service and passthrough-vgpu@", rule, ".service run ", NULL)
                                   : ": ";

        return arena_join(a, "unlike sizes stand beside each other in heterogeneous mode alone", when,
                          "nvidia-smi vgpu -i ", d->address, " -shm 1", NULL);
}

/* ---- what there is ----------------------------------------------------------------------------------------------- */

static bool is_among(const struct vgpu_type *const *types, size_t n, const struct vgpu_type *t)
{
        for (size_t i = 0; i < n; i++)
                if (streq(types[i]->id, t->id))
                        return true;
        return false;
}

/* Each once, whichever carrier offers it. */
static void add_offered(struct arena *a, const struct vgpu_type *types, size_t n, const struct vgpu_type ***ret,
                        size_t *ret_n)
{
        for (size_t i = 0; i < n; i++)
                if (!is_among(*ret, *ret_n, &types[i]))
                        *(const struct vgpu_type **)arena_grow(a, ret, (*ret_n)++, sizeof(**ret)) = &types[i];
}

static const char *with_id(struct arena *a, const struct vgpu_type *t)
{
        return streq(t->id, t->name) ? t->id : arena_join(a, t->name, " (", t->id, ")", NULL);
}

static const struct vgpu_type *near(struct arena *a, const struct vgpu_type *const *types, size_t n, const char *text)
{
        const char **names = arena_alloc(a, (3 * n + 1) * sizeof(*names)), *found;

        for (size_t i = 0; i < n; i++) {
                names[i] = types[i]->name;
                names[n + i] = without_maker(types[i]->name);
                names[2 * n + i] = types[i]->id;
        }
        found = str_nearest(text, names, 3 * n);
        for (size_t i = 0; found && i < n; i++)
                if (is_called(types[i], found))
                        return types[i];
        return NULL;
}

const char *vgpu_unknown_type(struct arena *a, const struct device *d, const struct vgpu_facts *is, const char *text)
{
        const struct vgpu_type **types = NULL, *t;
        const char *list = "", *says;
        size_t n = 0, shown = 0;
        bool ambiguous = vgpu_meant_by(is, text).n > 1;

        for (size_t i = 0; i < is->n_carriers; i++)
                add_offered(a, is->carriers[i].types, is->carriers[i].n_types, &types, &n);
        says = arena_join(a, "its driver offers no type ", text, NULL);
        if (vgpu_takes_instance(d, is, text))
                return arena_join(a, says, ": ", vgpu_instance_text(a, d), NULL);
        t = ambiguous ? NULL : near(a, types, n, text);
        if (t)
                return arena_join(a, says, "; is ", with_id(a, t), " meant?", NULL);
        for (size_t i = 0; i < n; i++)
                if ((!ambiguous || is_called(types[i], text)) && shown++ < SHOWN_MAX)
                        list = arena_join(a, list, *list ? ", " : "", with_id(a, types[i]), NULL);
        if (ambiguous)
                return arena_join(a, "Type=", text, " may be ", list, "; write the one that is meant", NULL);
        if (n == 0)
                return arena_join(a, says, ", and no other now", NULL);
        return arena_printf(a, "%s; it has %s%s", says, list,
                            shown > SHOWN_MAX
                                    ? arena_printf(a, " and %zu more: passthroughctl list --types", shown - SHOWN_MAX)
                                    : "");
}
