/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KubeVirt's permittedHostDevices, as a patch for the KubeVirt resource; pkg/virt-handler/device-manager of it reads
 * them. A PCI device is known by its ID and by having exactly the driver vfio-pci (discoverPermittedHostPCIDevices()),
 * a mediated device by the name of its type with "_" for blanks (getMdevTypeName()), a USB device by its ID
 * (parseSelector()). From 1.9 on a virtual function that NVIDIA's driver has is known by its ID alone, too, whatever
 * its type of virtual GPU (shouldPermitNvidia()): that cannot be said here.
 */
#include "base/str.h"
#include "export/page.h"

#define DOMAIN "passthrough/"
/*
 * Of a resource, without its domain. Kubernetes takes 63, but SocketPath() makes a socket of it,
 * /var/lib/kubelet/device-plugins/kubevirt-passthrough-NAME.sock, and Linux takes 107 for its path.
 */
#define NAME_LONGEST 49

static void upper(char *s)
{
        for (; *s; s++)
                if (*s >= 'a' && *s <= 'f')
                        *s -= 'a' - 'A';
}

/* A resource has one selector, and an ID can be in one resource alone. */
static void check_alone(struct arena *a, const struct page *page, size_t i, struct strings *ret_cannot)
{
        const struct page_item *item = &page->items[i];
        const struct device *twin = page_twin(page, item, DRIVER_VFIO_PCI);
        const char *rule = twin ? page_rule_of(page, twin) : NULL;

        if (twin && !page_has_before(page, i, true))
                page_cannot(a, item,
                            arena_join(a, "KubeVirt knows a device by its ID and by vfio-pci alone, and ",
                                       twin->address, rule ? " of the rule " : ", which no rule hands over,",
                                       rule ? rule : "", " has both: it would be the same resource", NULL),
                            ret_cannot);
}

static bool fits(struct arena *a, const struct page *page, size_t i, const char *name, struct strings *ret_cannot)
{
        if (page_name_fits(name, NAME_LONGEST))
                return page_name_free(a, page, i, name, "KubeVirt", ret_cannot);
        page_cannot(a, &page->items[i],
                    arena_join(a, "KubeVirt takes no resource of the name \"", name,
                               "\": a name has at most 49 characters, and ends in a letter or digit", NULL),
                    ret_cannot);
        return false;
}

static const char *resource(struct arena *a, const char *name)
{
        return arena_join(a, "resourceName: \"" DOMAIN, name, "\"", NULL);
}

/* A resource has its devices by their IOMMU groups, and so one of each (constructDPIdevices()). */
static void check_group(struct arena *a, const struct page *page, size_t i, struct strings *ret_cannot)
{
        const char *first = page_group_twin(page, i);

        if (first)
                page_cannot(a, &page->items[i],
                            arena_join(a, "KubeVirt hands out one device of an ID and an IOMMU group alone, and ",
                                       first, " is of both, too", NULL),
                            ret_cannot);
}

/* What an earlier rule has in its resource is not repeated. */
static void add_resource(struct arena *a, const char *selector, const char *name, struct strings *ret)
{
        for (size_t i = 0; i < ret->n; i++)
                if (streq(ret->v[i], selector))
                        return;
        strings_add(a, ret, selector);
        strings_add(a, ret, arena_join(a, "          ", resource(a, name), NULL));
}

static void add_pci(struct arena *a, const struct page *page, size_t i, struct strings *ret, struct strings *ret_cannot)
{
        const struct page_item *item = &page->items[i];
        const char *name = page_name_by_id(a, page, i);
        char *id;

        if (!page_takes(a, page, item, "KubeVirt", PAGE_VFIO_PCI | PAGE_DOMAIN_16, ret_cannot) ||
            !fits(a, page, i, name, ret_cannot))
                return;
        check_alone(a, page, i, ret_cannot);
        check_group(a, page, i, ret_cannot);
        id = arena_strdup(a, item->shown->device->id);
        upper(id);
        add_resource(a, arena_join(a, "        - pciVendorSelector: \"", id, "\"", NULL), name, ret);
}

static const char *selector_of(struct arena *a, const struct page_item *item)
{
        char *type = arena_strdup(a, item->guest->vgpu_name ? item->guest->vgpu_name : item->guest->vgpu);

        for (char *c = type; *c; c++)
                if (*c == ' ')
                        *c = '_';
        return type;
}

/* A device of that type which no rule makes, or NULL. */
static const struct device *type_twin(const struct page *page, const struct page_item *item)
{
        const struct facts *facts = page->plan->facts;
        const struct device *is = item->shown->device;

        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts->devices[i].bus == is->bus && streq_ptr(facts->devices[i].vgpu, is->vgpu) &&
                    !page_rule_of(page, &facts->devices[i]))
                        return &facts->devices[i];
        return NULL;
}

/* The name is the rule's, and with a further type of the rule RULE-TYPE. */
static const char *name_by_type(struct arena *a, const struct page *page, size_t i, const char *type)
{
        size_t first = i;

        while (first > 0 && page_same_rule(&page->items[first - 1], &page->items[i]))
                first--;
        return streq(selector_of(a, &page->items[first]), type)
                       ? page->items[i].guest->rule
                       : arena_join(a, page->items[i].guest->rule, "-", page->items[i].guest->vgpu, NULL);
}

static void add_mediated(struct arena *a, const struct page *page, size_t i, struct strings *ret,
                         struct strings *ret_cannot)
{
        const struct page_item *item = &page->items[i];
        const char *type = selector_of(a, item), *name = name_by_type(a, page, i, type), *other = NULL;
        const struct device *twin = type_twin(page, item);

        if (!fits(a, page, i, name, ret_cannot))
                return;
        for (size_t k = 0; k < i && !other; k++)
                if (page->items[k].guest->uuid && !page_same_rule(&page->items[k], item) &&
                    streq(selector_of(a, &page->items[k]), type))
                        other = page->items[k].guest->rule;
        if (other || twin)
                page_cannot(a, item,
                            arena_join(a, "KubeVirt knows a mediated device by its type alone, and ",
                                       other ? other : twin->address,
                                       other ? " has devices of that, too" : ", which no rule makes, is of that, too",
                                       NULL),
                            ret_cannot);
        add_resource(a, arena_join(a, "        - mdevNameSelector: ", page_quoted(a, type), NULL), name, ret);
}

static void add_usb(struct arena *a, const struct page *page, size_t i, struct strings *ret, struct strings *ret_cannot)
{
        const struct page_item *item = &page->items[i];
        const char *name = page_name_by_id(a, page, i), *id = item->guest->id;

        if (!id)
                page_cannot(a, item, "KubeVirt knows a USB device by its ID alone, and this one's is not unique here",
                            ret_cannot);
        if (!id || !fits(a, page, i, name, ret_cannot))
                return;
        strings_add(a, ret, arena_join(a, "        - ", resource(a, name), NULL));
        strings_add(a, ret, "          selectors:");
        strings_add(a, ret, arena_printf(a, "            - vendor: \"%.4s\"", id));
        strings_add(a, ret, arena_join(a, "              product: \"", id + 5, "\"", NULL));
}

static void add_list(struct arena *a, const char *name, const struct strings *list, struct strings *ret)
{
        if (list->n == 0)
                return;
        strings_add(a, ret, arena_join(a, "      ", name, ":", NULL));
        strings_append(a, ret, list);
}

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        struct strings pci = {}, mediated = {}, usb = {};

        for (size_t i = 0; i < page->n; i++) {
                const struct guest_device *d = page->items[i].guest;

                if (d->way == GUEST_USB)
                        add_usb(a, page, i, &usb, ret_cannot);
                else if (d->uuid)
                        add_mediated(a, page, i, &mediated, ret_cannot);
                else
                        add_pci(a, page, i, &pci, ret_cannot);
        }
        if (pci.n + mediated.n + usb.n == 0)
                return;
        strings_add(a, ret, "spec:");
        strings_add(a, ret, "  configuration:");
        strings_add(a, ret, "    permittedHostDevices:");
        add_list(a, "pciHostDevices", &pci, ret);
        add_list(a, "mediatedDevices", &mediated, ret);
        add_list(a, "usb", &usb, ret);
}

const struct exporter exporter_kubevirt = {
        .name = "kubevirt", .heading = "KubeVirt, for kubectl patch", .asked = true, .page = make};
