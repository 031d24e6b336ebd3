/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cloudpods: the command that makes the models of its isolated devices (its manual, "Custom PCI device"). Its host
 * agent finds the devices itself, all of the host that have a model's ID, and graphics cards without any model.
 */
#include "base/str.h"
#include "export/page.h"

static bool is_display(const struct device *d)
{
        return startswith(d->class, "03");
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

static void add_model(struct arena *a, const struct page *page, size_t i, struct strings *ret)
{
        const struct device *d = page->items[i].shown->device;
        const char *name = page_name_by_id(a, page, i), *host = page->plan->facts->hostname;

        if (page_has_before(page, i, true))
                return;
        if (is_display(d))
                strings_add(a, ret,
                            arena_join(a, "# ", name, ": the host agent finds ", d->id, " by itself, as a GPU", NULL));
        else
                strings_add(a, ret,
                            arena_printf(a, "climc isolated-device-model-create%s%s %s PASSTHROUGH %.4s %s",
                                         host ? " --hosts " : "", host ? host : "", name, d->id, d->id + 5));
}

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        for (size_t i = 0; i < page->n; i++)
                if (page_takes(a, page, &page->items[i], "Cloudpods", PAGE_VFIO_PCI | PAGE_DOMAIN_0 | PAGE_GROUP,
                               ret_cannot) &&
                    is_alone(a, page, i, ret_cannot))
                        add_model(a, page, i, ret);
}

const struct exporter exporter_cloudpods = {
        .name = "cloudpods", .heading = "Cloudpods, for climc", .asked = true, .page = make};
