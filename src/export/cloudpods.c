/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cloudpods: the command that makes the models of its isolated devices (pkg/mcclient/options/compute,
 * IsolatedDeviceModelCreateOptions: all in capitals is an argument, also DISABLE_AUTO_DETECT, since 4.0). "true" there
 * keeps the model to the hosts that are named; else the agent of each host takes the devices of that ID from their
 * drivers. The agent (pkg/hostman/isolated_device) finds graphics cards without any model, and a device has the others
 * of its IOMMU group that are of its vendor with it.
 */
#include "base/str.h"
#include "export/page.h"

/* GpuClassCodes: for those no model counts. */
static bool is_gpu(const struct device *d)
{
        return startswith(d->class, "0300") || startswith(d->class, "0302") || startswith(d->class, "0380");
}

/* getPassthroughGPUs() */
static bool is_of_other_vendor(const struct device *d)
{
        return startswith(d->class, "0380") && !startswith(d->id, "10de:") && !startswith(d->id, "1002:");
}

/* What the items have come to. */
struct marks {
        bool *fits;  /* the agent can have it as it is */
        bool *taken; /* and nothing else comes with its ID */
};

/* One of the rule that the agent cannot have, and would take with the model; or NULL. */
static const struct device *unfit_twin(const struct page *page, const struct marks *marks, size_t i)
{
        for (size_t k = 0; k < page->n; k++)
                if (!marks->fits[k] && page_same_rule(&page->items[k], &page->items[i]) &&
                    streq(page->items[k].shown->device->id, page->items[i].shown->device->id))
                        return page->items[k].shown->device;
        return NULL;
}

/* The agent asks for an ID alone, whatever driver a device has. */
static bool is_alone(struct arena *a, const struct page *page, const struct marks *marks, size_t i,
                     struct strings *ret_cannot)
{
        const struct page_item *item = &page->items[i];
        const struct device *twin = page_twin(page, item, NULL);
        const char *rule;

        if (!twin)
                twin = unfit_twin(page, marks, i);
        rule = twin ? page_rule_of(page, twin) : NULL;
        if (twin)
                page_cannot(a, item,
                            arena_join(a, "Cloudpods takes each device of the host that has its ID, and ",
                                       twin->address, rule ? " of the rule " : ", which no rule hands over, ",
                                       rule ? rule : "", rule ? " has that" : "has that", NULL),
                            ret_cannot);
        return !twin;
}

/* Another item that has this one with it, or NULL: a GPU, or an earlier one; FindSameGroupDevs(). */
static const char *goes_with(struct arena *a, const struct page *page, const struct marks *marks, size_t i)
{
        const struct device *d = page->items[i].shown->device;

        for (size_t k = 0; k < page->n; k++) {
                const struct device *other = page->items[k].shown->device;

                if (k != i && marks->taken[k] && (k < i || is_gpu(other)) && !is_gpu(d) && d->group != NO_GROUP &&
                    other->group == d->group && strncmp(other->id, d->id, strlen("vvvv:")) == 0)
                        return page_name_by_id(a, page, k);
        }
        return NULL;
}

/* An earlier item of the rule and ID, or i. */
static size_t first_of(const struct page *page, const struct marks *marks, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (marks->taken[k] && page_same_rule(&page->items[k], &page->items[i]) &&
                    streq(page->items[k].shown->device->id, page->items[i].shown->device->id))
                        return k;
        return i;
}

static void add_model(struct arena *a, const struct page *page, const struct marks *marks, size_t i,
                      struct strings *ret, struct strings *ret_cannot)
{
        const struct device *d = page->items[i].shown->device;
        const char *name = page_name_by_id(a, page, i), *with = goes_with(a, page, marks, i);
        size_t first = first_of(page, marks, i);

        if (!is_gpu(d) && !page_name_free(a, page, i, name, "Cloudpods", ret_cannot))
                return;
        if (first != i && !with != !goes_with(a, page, marks, first))
                page_cannot(a, &page->items[i],
                            arena_join(a, "Cloudpods has a model for all devices of an ID or for none, and of this ",
                                       with ? page->items[i].shown->device->address
                                            : page->items[first].shown->device->address,
                                       " goes with ", with ? with : goes_with(a, page, marks, first), NULL),
                            ret_cannot);
        if (first != i)
                return;
        if (is_gpu(d))
                strings_add(a, ret,
                            arena_join(a, "# ", name, ": the host agent finds ", d->id, " by itself, as a GPU", NULL));
        else if (with)
                strings_add(a, ret,
                            arena_join(a, "# ", name, ": ", d->id, " goes with ", with, ", whose IOMMU group it is in",
                                       NULL));
        else
                strings_add(a, ret,
                            arena_printf(a, "climc isolated-device-model-create --hosts %s %s PASSTHROUGH %.4s %s true",
                                         page_host(page), name, d->id, d->id + 5));
}

static bool takes(struct arena *a, const struct page *page, const struct marks *marks, size_t i,
                  struct strings *ret_cannot)
{
        const struct page_item *item = &page->items[i];
        const struct device *d = item->shown->device;
        const char *why = NULL, *twin = page_group_twin(page, i);

        if (!marks->fits[i])
                return false;
        if (is_of_other_vendor(d))
                why = "Cloudpods takes display controllers (class 0380) of AMD and NVIDIA alone";
        else if (startswith(d->class, "0300") && d->roles & ROLE_BOOT_DISPLAY)
                why = "the firmware booted on it, and Cloudpods leaves that display out unless its agent has "
                      "use_boot_vga: true";
        else if (twin)
                why = arena_join(a, "Cloudpods hands out an IOMMU group as a whole, and ", twin,
                                 " of its ID is in its group, too", NULL);
        else if (!page_host(page))
                why = "Cloudpods wants " PAGE_NO_HOST;
        if (why)
                page_cannot(a, item, why, ret_cannot);
        return !why;
}

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        struct marks marks = {.fits = arena_alloc(a, page->n * sizeof(bool)),
                              .taken = arena_alloc(a, page->n * sizeof(bool))};

        for (size_t i = 0; i < page->n; i++)
                marks.fits[i] = page_takes(a, page, &page->items[i], "Cloudpods",
                                           PAGE_VFIO_PCI | PAGE_DOMAIN_0 | PAGE_GROUP, ret_cannot);
        for (size_t i = 0; i < page->n; i++)
                marks.taken[i] = takes(a, page, &marks, i, ret_cannot) && is_alone(a, page, &marks, i, ret_cannot);
        for (size_t i = 0; i < page->n; i++)
                if (marks.taken[i])
                        add_model(a, page, &marks, i, ret, ret_cannot);
}

const struct exporter exporter_cloudpods = {
        .name = "cloudpods", .heading = "Cloudpods, for climc", .asked = true, .page = make};
