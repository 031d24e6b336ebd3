/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.json of the SR-IOV Network Device Plugin for Kubernetes (its pkg/types): a resource for each rule, its devices
 * by their addresses, so that an identical card beside them is not meant. It looks at network controllers (class 02) as
 * netDevice and at processing accelerators (class 12) as accelerator, and at nothing else (SupportedDevices). Before
 * 3.11 it has a library that reads no domain of more than 16 bits.
 */
#include "base/str.h"
#include "export/page.h"

/* Before 3.6 a name has letters, digits and "_" alone, and later "-", too: ValidResourceName() of its pkg/utils. */
static const char *name_of(struct arena *a, const char *rule)
{
        char *name = arena_strdup(a, rule);

        for (char *c = name; *c; c++)
                if (*c == '-' || *c == '.')
                        *c = '_';
        return name;
}

static const char *type_of(const struct page_item *item)
{
        const char *class = item->shown->device->class;

        return startswith(class, "02") ? "netDevice" : startswith(class, "12") ? "accelerator" : NULL;
}

static bool takes(struct arena *a, const struct page *page, size_t i, struct strings *ret_cannot)
{
        const struct page_item *item = &page->items[i];

        if (!page_takes(a, page, item, "the device plugin", PAGE_VFIO_PCI | PAGE_DOMAIN_16, ret_cannot))
                return false;
        if (!type_of(item))
                page_cannot(a, item,
                            "the device plugin takes network controllers (class 02) and processing accelerators "
                            "(class 12) alone",
                            ret_cannot);
        return type_of(item);
}

/* Another rule's name may be the same once it is one of the plugin's. */
static bool is_free(struct arena *a, const struct page *page, size_t i, struct strings *ret_cannot)
{
        const char *rule = page->items[i].guest->rule;

        for (size_t k = 0; k < i; k++)
                if (!streq(page->items[k].guest->rule, rule) &&
                    streq(name_of(a, page->items[k].guest->rule), name_of(a, rule))) {
                        page_cannot(a, &page->items[i],
                                    arena_join(a, "the device plugin would call it ", name_of(a, rule), ", as ",
                                               page->items[k].guest->rule, NULL),
                                    ret_cannot);
                        return false;
                }
        return true;
}

/* Those of one type of the n from i on; "" if there are none. */
static const char *addresses_of(struct arena *a, const struct page *page, const bool *taken, size_t i, size_t n,
                                const char *type)
{
        const char *text = "";

        for (size_t k = i; k < i + n; k++)
                if (taken[k] && streq(type_of(&page->items[k]), type))
                        text = arena_join(a, text, *text ? ", " : "", "\"", page->items[k].shown->device->address, "\"",
                                          NULL);
        return text;
}

static void add_resource(struct arena *a, const char *name, const char *type, const char *addresses,
                         struct strings *ret)
{
        if (!*addresses)
                return;
        strings_add(a, ret, ret->n > 0 ? "    }, {" : "    {");
        strings_add(a, ret, arena_join(a, "      \"resourceName\": \"", name, "\",", NULL));
        strings_add(a, ret, "      \"resourcePrefix\": \"passthrough\",");
        strings_add(a, ret, arena_join(a, "      \"deviceType\": \"", type, "\",", NULL));
        strings_add(a, ret, "      \"selectors\": [{");
        strings_add(a, ret, "        \"drivers\": [\"" DRIVER_VFIO_PCI "\"],");
        strings_add(a, ret, arena_join(a, "        \"pciAddresses\": [", addresses, "]", NULL));
        strings_add(a, ret, "      }]");
}

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        bool *taken = arena_alloc(a, page->n * sizeof(*taken));
        struct strings list = {};

        for (size_t i = 0, n; i < page->n; i += n) {
                const char *name = name_of(a, page->items[i].guest->rule), *cards, *accelerators;

                n = page_rule_items(page, i);
                if (!is_free(a, page, i, ret_cannot))
                        continue;
                for (size_t k = i; k < i + n; k++)
                        taken[k] = takes(a, page, k, ret_cannot);
                cards = addresses_of(a, page, taken, i, n, "netDevice");
                accelerators = addresses_of(a, page, taken, i, n, "accelerator");
                add_resource(a, name, "netDevice", cards, &list);
                add_resource(a, *cards ? arena_join(a, name, "_accelerator", NULL) : name, "accelerator", accelerators,
                             &list);
        }
        if (list.n == 0)
                return;
        strings_add(a, ret, "{");
        strings_add(a, ret, "  \"resourceList\": [");
        strings_append(a, ret, &list);
        strings_add(a, ret, "    }");
        strings_add(a, ret, "  ]");
        strings_add(a, ret, "}");
}

const struct exporter exporter_sriov_device_plugin = {.name = "sriov-device-plugin",
                                                      .heading = "SR-IOV Network Device Plugin, for its config.json",
                                                      .asked = true,
                                                      .page = make};
