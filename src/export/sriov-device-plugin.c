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

/*
 * What NewResourceServer() makes of it, /var/lib/kubelet/plugins_registry/passthrough_NAME.sock, is a socket, and Linux
 * takes 107 for its path.
 */
#define NAME_LONGEST 56

/* The resources, each with the rule that it is of beside it. */
struct resources {
        struct strings names, rules, lines;
};

/* Another rule's name may be the same once it is one of the plugin's. */
static bool takes_name(struct arena *a, const struct resources *list, const struct page_item *item, const char *name,
                       struct strings *ret_cannot)
{
        const char *why = NULL;

        if (!page_name_fits(name, NAME_LONGEST))
                why = arena_join(a, "the device plugin would call it ", name,
                                 ": a name has at most 56 characters, and ends in a letter or digit", NULL);
        for (size_t i = 0; i < list->names.n && !why; i++)
                if (streq(list->names.v[i], name))
                        why = arena_join(a, "the device plugin would call it ", name, ", as ", list->rules.v[i], NULL);
        if (why)
                page_cannot(a, item, why, ret_cannot);
        return !why;
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

static void add_resource(struct arena *a, const struct page_item *item, const char *name, const char *type,
                         const char *addresses, struct resources *list, struct strings *ret_cannot)
{
        struct strings *ret = &list->lines;

        if (!*addresses || !takes_name(a, list, item, name, ret_cannot))
                return;
        strings_add(a, &list->names, name);
        strings_add(a, &list->rules, item->guest->rule);
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
        struct resources list = {};

        for (size_t i = 0, n; i < page->n; i += n) {
                const struct page_item *item = &page->items[i];
                const char *name = name_of(a, item->guest->rule), *cards, *accelerators;

                n = page_rule_items(page, i);
                for (size_t k = i; k < i + n; k++)
                        taken[k] = takes(a, page, k, ret_cannot);
                cards = addresses_of(a, page, taken, i, n, "netDevice");
                accelerators = addresses_of(a, page, taken, i, n, "accelerator");
                add_resource(a, item, name, "netDevice", cards, &list, ret_cannot);
                add_resource(a, item, *cards ? arena_join(a, name, "_accelerator", NULL) : name, "accelerator",
                             accelerators, &list, ret_cannot);
        }
        if (list.lines.n == 0)
                return;
        strings_add(a, ret, "{");
        strings_add(a, ret, "  \"resourceList\": [");
        strings_append(a, ret, &list.lines);
        strings_add(a, ret, "    }");
        strings_add(a, ret, "  ]");
        strings_add(a, ret, "}");
}

const struct exporter exporter_sriov_device_plugin = {.name = "sriov-device-plugin",
                                                      .heading = "SR-IOV Network Device Plugin, for its config.json",
                                                      .asked = true,
                                                      .page = make};
