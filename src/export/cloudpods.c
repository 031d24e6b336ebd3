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

/* The agent asks for an ID alone, whatever driver a device has. */
static bool is_alone(struct arena *a, const struct page *page, size_t i, struct strings *ret_cannot)
{
        const struct page_item *item = &page->items[i];
        const struct device *twin = page_twin(page, item, NULL);
        const char *rule = twin ? page_rule_of(page, twin) : NULL;

        if (twin && !page_has_before(page, i, true))
                page_cannot(a, item,
                            arena_join(a, "Cloudpods takes each device of the host that has its ID, and ",
                                       twin->address, rule ? " of the rule " : ", which no rule hands over, ",
                                       rule ? rule : "", rule ? " has that" : "has that", NULL),
                            ret_cannot);
        return !twin;
}

/* An earlier item that has this one with it, or NULL; FindSameGroupDevs(). */
static const char *goes_with(struct arena *a, const struct page *page, size_t i)
{
        const struct device *d = page->items[i].shown->device;

        for (size_t k = 0; k < i; k++) {
                const struct device *first = page->items[k].shown->device;

                if (d->group != NO_GROUP && first->group == d->group && strncmp(first->id, d->id, strlen("vvvv:")) == 0)
                        return page_name_by_id(a, page, k);
        }
        return NULL;
}

static void add_model(struct arena *a, const struct page *page, size_t i, struct strings *ret)
{
        const struct device *d = page->items[i].shown->device;
        const char *name = page_name_by_id(a, page, i), *first = goes_with(a, page, i);

        if (page_has_before(page, i, true))
                return;
        if (is_gpu(d))
                strings_add(a, ret,
                            arena_join(a, "# ", name, ": the host agent finds ", d->id, " by itself, as a GPU", NULL));
        else if (first)
                strings_add(a, ret,
                            arena_join(a, "# ", name, ": ", d->id, " goes with ", first, ", whose IOMMU group it is in",
                                       NULL));
        else
                strings_add(a, ret,
                            arena_printf(a, "climc isolated-device-model-create --hosts %s %s PASSTHROUGH %.4s %s true",
                                         page->plan->facts->hostname, name, d->id, d->id + 5));
}

static bool takes(struct arena *a, const struct page *page, size_t i, struct strings *ret_cannot)
{
        const struct page_item *item = &page->items[i];
        const char *why = NULL, *twin = page_group_twin(page, i);

        if (!page_takes(a, page, item, "Cloudpods", PAGE_VFIO_PCI | PAGE_DOMAIN_0 | PAGE_GROUP, ret_cannot))
                return false;
        if (is_of_other_vendor(item->shown->device))
                why = "Cloudpods takes display controllers (class 0380) of AMD and NVIDIA alone";
        else if (twin)
                why = arena_join(a, "Cloudpods hands out an IOMMU group as a whole, and ", twin,
                                 " of its ID is in its group, too", NULL);
        else if (!page->plan->facts->hostname)
                why = "Cloudpods wants the name of this host, which is not known";
        if (why)
                page_cannot(a, item, why, ret_cannot);
        return !why;
}

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        for (size_t i = 0; i < page->n; i++)
                if (takes(a, page, i, ret_cannot) && is_alone(a, page, i, ret_cannot))
                        add_model(a, page, i, ret);
}

const struct exporter exporter_cloudpods = {
        .name = "cloudpods", .heading = "Cloudpods, for climc", .asked = true, .page = make};
