/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The section [pci] of Nova's configuration (nova.pci.devspec, nova.pci.request): a device_spec for each device, and an
 * alias for each ID of a rule. "managed" is known from Nova 31 (2025.1) on; with its default, "yes", libvirt would take
 * the driver away. What could have virtual functions is type-PF, whether it has some or not (nova.virt.libvirt.host,
 * _get_device_type()), and an alias has to say so (nova.pci.stats, _filter_pools_for_unrequested_pfs()).
 */
#include "base/str.h"
#include "export/page.h"

static const char *type_of(const struct device *d)
{
        return d->parent ? "type-VF" : d->has_functions ? "type-PF" : "type-PCI";
}

/*
 * Aliases of one name have one type (_get_alias_from_config()). first: the item of its rule and ID that has the alias,
 * or this one.
 */
static bool has_alias(struct arena *a, const struct page *page, size_t i, size_t first, struct strings *ret_cannot)
{
        const struct device *d = page->items[i].shown->device, *other = page->items[first].shown->device;

        if (!page_name_free(a, page, i, page_name_by_id(a, page, i), "Nova", ret_cannot))
                return false;
        if (!streq(type_of(d), type_of(other)))
                page_cannot(a, &page->items[i],
                            arena_join(a, "Nova has an alias for devices of one type, and this one is ", type_of(d),
                                       " and ", other->address, " of its ID ", type_of(other), NULL),
                            ret_cannot);
        return true;
}

/* The first item of the rule and ID of item i that is taken. */
static size_t first_of(const struct page *page, const bool *taken, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (taken[k] && page_same_rule(&page->items[k], &page->items[i]) &&
                    streq(page->items[k].shown->device->id, page->items[i].shown->device->id))
                        return k;
        return i;
}

static void add_alias(struct arena *a, const struct page *page, size_t i, struct strings *ret)
{
        const struct device *d = page->items[i].shown->device;

        strings_add(a, ret,
                    arena_printf(a,
                                 "alias = {\"name\": \"%s\", \"vendor_id\": \"%.4s\", \"product_id\": \"%s\", "
                                 "\"device_type\": \"%s\"}",
                                 page_name_by_id(a, page, i), d->id, d->id + 5, type_of(d)));
}

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        bool *taken = arena_alloc(a, page->n * sizeof(*taken));
        struct strings aliases = {};

        for (size_t i = 0; i < page->n; i++) {
                const struct page_item *item = &page->items[i];

                size_t first;

                taken[i] = page_takes(a, page, item, "Nova", PAGE_DOMAIN_16, ret_cannot);
                if (!taken[i])
                        continue;
                if (ret->n == 0)
                        strings_add(a, ret, "[pci]");
                strings_add(a, ret,
                            arena_join(a, "device_spec = {\"address\": \"", item->shown->device->address,
                                       "\", \"managed\": \"no\"}", NULL));
                first = first_of(page, taken, i);
                if (has_alias(a, page, i, first, ret_cannot) && first == i)
                        add_alias(a, page, i, &aliases);
        }
        strings_append(a, ret, &aliases);
}

const struct exporter exporter_nova = {
        .name = "nova", .heading = "Nova, for its configuration", .asked = true, .page = make};
