/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device offers of virtual GPUs, as its driver shows it. */
#include <ctype.h>
#include <stdlib.h>

#include "base/str.h"
#include "bus/mdev/vgpu-making.h"
#include "guard/evidence.h"

#define MANAGE "/usr/lib/nvidia/sriov-manage"
#define KNOWN  "/usr/share/nvidia/vgpu/vgpuConfig.xml"
/* Chips before Ampere offer their types themselves, though some have the capability: a T4 (1eb8), say. */
#define AMPERE 0x2000

struct look {
        const struct root *root;
        struct arena *arena;
        const struct facts *facts;
};

static const char *text_of(const struct look *x, const char *dir, const char *file)
{
        char text[1024];

        if (root_read(x->root, arena_join(x->arena, dir, "/", file, NULL), text, sizeof(text)) <= 0)
                return NULL;
        return str_printable(x->arena, text);
}

static bool number(const struct look *x, const char *dir, const char *file, uint32_t *ret)
{
        const char *text = text_of(x, dir, file);

        return text && str_to_u32(text, 10, ret);
}

/* "num_heads=4, ..., max_instance=2" */
static uint32_t most_of(const char *description)
{
        const char *at = description ? strstr(description, "max_instance=") : NULL;
        unsigned long n = at ? strtoul(at + strlen("max_instance="), NULL, 10) : 0;

        return n <= UINT16_MAX ? (uint32_t)n : 0;
}

static struct vgpu_type *add_type(const struct look *x, struct vgpu_carrier *c)
{
        struct vgpu_type *t = arena_grow(x->arena, &c->types, c->n_types++, sizeof(*c->types));

        *t = (struct vgpu_type){};
        return t;
}

/* Whether it makes mediated devices. */
static bool look_at_types(const struct look *x, const char *sysfs, struct vgpu_carrier *ret)
{
        const char **names, *all = arena_join(x->arena, sysfs, "/" MDEV_TYPES, NULL);
        size_t n;

        ret->unreadable = root_look_in(x->root, x->arena, all, &names, &n) == SOURCE_UNREADABLE;
        for (size_t i = 0; i < n; i++) {
                struct vgpu_type *t = add_type(x, ret);
                const char *dir = arena_join(x->arena, all, "/", names[i], NULL);

                t->id = str_printable(x->arena, names[i]);
                t->name = text_of(x, dir, "name");
                t->name = t->name ? t->name : t->id;
                t->description = text_of(x, dir, "description");
                t->api = text_of(x, dir, "device_api");
                t->counted = number(x, dir, "available_instances", &t->available);
                t->most = most_of(t->description);
        }
        return ret->unreadable || ret->n_types > 0;
}

/* "557   : NVIDIA A40-4Q"; a line of another form is that which names the columns, and need not be there. */
static void add_creatable(const struct look *x, char *text, struct vgpu_carrier *c)
{
        char *line;

        while ((line = strsep(&text, "\n"))) {
                size_t digits = strspn(line, "0123456789"), blanks = strspn(line + digits, " \t");
                struct vgpu_type *t;

                if (digits == 0 || line[digits + blanks] != ':')
                        continue;
                t = add_type(x, c);
                t->id = arena_strndup(x->arena, line, digits);
                t->name = str_printable(x->arena, str_trim(line + digits + blanks + 1));
                t->api = "vfio-pci";
                t->available = 1;
                t->counted = true;
        }
}

/* Whether it is given a type of NVIDIA's. */
static bool look_at_vendor(const struct look *x, const char *sysfs, struct vgpu_carrier *ret)
{
        char *types, *current;
        size_t size;
        enum source offers = root_look(x->root, x->arena, arena_join(x->arena, sysfs, "/" VENDOR_TYPES, NULL), &types,
                                       &size),
                    is = root_look(x->root, x->arena, arena_join(x->arena, sysfs, "/" VENDOR_CURRENT, NULL), &current,
                                   &size);
        const char *number = str_trim(current);

        if (offers == SOURCE_ABSENT && is == SOURCE_ABSENT)
                return false;
        ret->unreadable =
                offers != SOURCE_READ || is != SOURCE_READ || !*number || number[strspn(number, "0123456789")];
        ret->current = ret->unreadable ? NULL : number;
        add_creatable(x, types, ret);
        return true;
}

/* The text up to the next quotation mark, and *at behind it; NULL: the line is of another form. */
static const char *quoted(const struct look *x, const char **at, const char *before)
{
        const char *from = startswith(*at, before) ? *at + strlen(before) : NULL,
                   *end = from ? strchr(from, '"') : NULL;

        if (!end || memchr(from, '<', (size_t)(end - from)))
                return NULL;
        *at = end + 1;
        return str_printable(x->arena, arena_strndup(x->arena, from, (size_t)(end - from)));
}

/* <vgpuType id="558" name="NVIDIA A40-8Q" class="Quadro">: what is made already is in no list of what can be. */
static void look_at_known(const struct look *x, struct vgpu_facts *ret)
{
        static const char tag[] = "<vgpuType ";
        char *text;
        size_t size;

        if (root_look(x->root, x->arena, KNOWN, &text, &size) != SOURCE_READ)
                return;
        for (const char *at = text; (at = strstr(at, tag));) {
                const char *id, *name;

                at += strlen(tag);
                id = quoted(x, &at, "id=\"");
                name = id ? quoted(x, &at, " name=\"") : NULL;
                if (name && *id && !id[strspn(id, "0123456789")])
                        *(struct vgpu_type *)arena_grow(x->arena, &ret->known, ret->n_known++, sizeof(*ret->known)) =
                                (struct vgpu_type){.id = id, .name = name};
        }
}

/* Who uses it through VFIO; what is not known is used, where it was asked. */
static const char *user_of(const struct look *x, const struct device *d)
{
        const char *why = d->vfio_user ? d->vfio_user : x->facts->evidence->busy_unknown;

        return why ? arena_join(x->arena, d->address, ": ", why, NULL) : NULL;
}

static const char *user_of_carrier(const struct look *x, const struct vgpu_carrier *c)
{
        const struct device *d = &x->facts->devices[c->device];
        const char *user = c->current && !streq(c->current, "0") ? user_of(x, d) : NULL;

        for (size_t i = 0; i < x->facts->n_devices && !user; i++)
                if (x->facts->devices[i].bus->syntax->made && streq_ptr(x->facts->devices[i].parent, d->address))
                        user = user_of(x, &x->facts->devices[i]);
        return user;
}

/* Its name does not show any more; its number does. */
static void know_current(const struct look *x, const struct vgpu_carrier *c, struct vgpu_facts *ret)
{
        bool known = !c->current || streq(c->current, "0");

        for (size_t i = 0; i < ret->n_known && !known; i++)
                known = streq(ret->known[i].id, c->current);
        if (!known)
                *(struct vgpu_type *)arena_grow(x->arena, &ret->known, ret->n_known++, sizeof(*ret->known)) =
                        (struct vgpu_type){.id = c->current, .name = c->current};
}

/* By index: an address need not be of the same order. */
static void add_carrier(const struct look *x, const struct vgpu_carrier *c, struct vgpu_facts *ret)
{
        size_t at = ret->n_carriers;

        *(struct vgpu_carrier *)arena_grow(x->arena, &ret->carriers, ret->n_carriers++, sizeof(*c)) = *c;
        for (; at > 0 && ret->carriers[at - 1].index > c->index; at--)
                ret->carriers[at] = ret->carriers[at - 1];
        ret->carriers[at] = *c;
        ret->carriers[at].user = user_of_carrier(x, c);
}

static void look_at_functions(const struct look *x, const struct device *parent, struct vgpu_facts *ret)
{
        for (size_t i = 0; i < x->facts->n_devices; i++) {
                const struct device *d = &x->facts->devices[i];
                struct vgpu_carrier c = {.device = i, .index = d->index};
                enum vgpu_kind kind;

                if (d->bus != parent->bus || !streq_ptr(d->parent, parent->address) || d->index == UINT32_MAX)
                        continue;
                kind = look_at_vendor(x, d->sysfs, &c)  ? VGPU_VENDOR
                       : look_at_types(x, d->sysfs, &c) ? VGPU_MEDIATED
                                                        : VGPU_NONE;
                if (kind == VGPU_NONE)
                        continue;
                ret->kind = kind;
                add_carrier(x, &c, ret);
        }
}

static bool is_managed(const struct device *d)
{
        return startswith(d->id, "10de:") && streq_ptr(d->driver_now, VENDOR_DRIVER) &&
               strtoul(d->id + strlen("10de:"), NULL, 16) >= AMPERE;
}

void vgpu_look(const struct root *root, struct arena *a, const struct facts *facts, size_t device,
               struct vgpu_facts *ret)
{
        const struct look x = {root, a, facts};
        const struct device *d = &facts->devices[device];
        struct vgpu_carrier parent = {.device = device, .index = UINT32_MAX};
        uint32_t autoprobe;

        *ret = (struct vgpu_facts){};
        /* Who reads its files then waits, too. */
        if (d->stuck)
                return;
        if (look_at_types(&x, d->sysfs, &parent)) {
                ret->kind = VGPU_MEDIATED;
                add_carrier(&x, &parent, ret);
                return;
        }
        if (!number(&x, d->sysfs, "sriov_totalvfs", &ret->total) ||
            !number(&x, d->sysfs, "sriov_numvfs", &ret->enabled))
                ret->total = ret->enabled = 0;
        ret->autoprobe = !number(&x, d->sysfs, "sriov_drivers_autoprobe", &autoprobe) || autoprobe;
        ret->managed = ret->total > 0 && is_managed(d);
        ret->manage = is_managed(d) && root_exists(root, MANAGE) ? MANAGE : NULL;
        look_at_functions(&x, d, ret);
        if (ret->kind == VGPU_VENDOR)
                look_at_known(&x, ret);
        for (size_t i = 0; i < ret->n_carriers; i++)
                know_current(&x, &ret->carriers[i], ret);
}
