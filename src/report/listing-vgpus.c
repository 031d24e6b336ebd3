/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What list says of virtual GPUs. */
#include "report/listing.h"
#include "report/vgpu-lines.h"

static const struct facts *facts_of(const struct listing *list)
{
        return list->plan->facts;
}

size_t listing_vgpu_of(const struct listing *list, size_t device)
{
        while (device != NO_DEVICE && facts_of(list)->devices[device].parent)
                device = facts_find(facts_of(list), facts_of(list)->devices[device].parent);
        return device;
}

bool listing_vgpu_owner_of(const struct listing *list, const struct vgpu_owner *owner, size_t device)
{
        size_t on = owner->parent ? facts_find(facts_of(list), owner->parent) : NO_DEVICE;

        return !owner->parent || (on != NO_DEVICE && listing_vgpu_of(list, on) == device);
}

static const struct vgpu_owner *definition_of(const struct listing *list, size_t device)
{
        size_t of = listing_vgpu_of(list, device);
        const struct vgpu_facts *is = of == NO_DEVICE || !list->vgpus ? NULL : &list->vgpus[of];

        for (size_t i = 0; is && i < is->n_owners; i++)
                if (streq_ptr(is->owners[i].uuid, facts_of(list)->devices[device].address))
                        return &is->owners[i];
        return NULL;
}

const char *listing_vgpu_owner(const struct listing *list, struct arena *a, size_t device)
{
        const struct plan_entry *e = plan_find(list->plan, device);
        const struct vgpu_owner *owner = definition_of(list, device);

        if (e && e->action != ACTION_KEEP)
                return arena_join(a, "rule ", list->plan->config->rules[e->rule].name, NULL);
        return !owner ? "no rule" : startswith(owner->who, "/etc/mdevctl.d/") ? "mdevctl" : owner->who;
}

/* "NVIDIA A40-8Q (rule vgpu)", of each that is made of the device. */
static struct strings made_of(const struct listing *list, struct arena *a, size_t device)
{
        const struct facts *facts = facts_of(list);
        struct strings made = {};

        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];

                if (!device_is_vgpu(d) || listing_vgpu_of(list, i) != device)
                        continue;
                strings_add(a, &made,
                            arena_join(a, vgpu_type_name(list->vgpus ? &list->vgpus[device] : NULL, d->vgpu), " (",
                                       listing_vgpu_owner(list, a, i), ")", NULL));
        }
        return made;
}

/* How many types it offers, of all carriers. */
static size_t types_of(const struct vgpu_facts *is)
{
        size_t n = 0;

        for (size_t i = 0; i < is->n_carriers; i++)
                for (size_t t = 0; t < is->carriers[i].n_types; t++) {
                        const char *id = is->carriers[i].types[t].id;
                        bool first = true;

                        for (size_t k = 0; k < i && first; k++)
                                for (size_t m = 0; m < is->carriers[k].n_types && first; m++)
                                        first = !streq(is->carriers[k].types[m].id, id);
                        n += first;
                }
        return n;
}

const char *listing_vgpus(const struct listing *list, struct arena *a, size_t device)
{
        const struct strings made = made_of(list, a, device);
        size_t n_types = list->vgpus ? types_of(&list->vgpus[device]) : 0;
        const char *text = "";

        for (size_t i = 0; i < made.n; i++) {
                size_t n = 0;

                if (str_index(made.v[i], made.v, i) >= 0)
                        continue;
                for (size_t k = i; k < made.n; k++)
                        n += streq(made.v[k], made.v[i]);
                text = arena_printf(a, "%s%s%zu %s", text, *text ? ", " : "", n, made.v[i]);
        }
        if (made.n > 0)
                return arena_printf(a, "%zu virtual GPU%s: %s", made.n, made.n == 1 ? "" : "s", text);
        return n_types > 0 ? arena_printf(a, "can have virtual GPUs of %zu type%s", n_types, n_types == 1 ? "" : "s")
                           : NULL;
}
