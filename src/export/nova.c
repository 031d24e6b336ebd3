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
        struct strings aliases = {};

        for (size_t i = 0; i < page->n; i++) {
                const struct page_item *item = &page->items[i];

                if (!page_takes(a, page, item, "Nova", PAGE_DOMAIN_16, ret_cannot))
                        continue;
                if (ret->n == 0)
                        strings_add(a, ret, "[pci]");
                strings_add(a, ret,
                            arena_join(a, "device_spec = {\"address\": \"", item->shown->device->address,
                                       "\", \"managed\": \"no\"}", NULL));
                if (!page_has_before(page, i, true))
                        add_alias(a, page, i, &aliases);
        }
        strings_append(a, ret, &aliases);
}

const struct exporter exporter_nova = {
        .name = "nova", .heading = "Nova, for its configuration", .asked = true, .page = make};
