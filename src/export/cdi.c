/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of the Container Device Interface (its SPEC.md and pkg/parser) for /etc/cdi: a device for each rule, with
 * the nodes that a virtual machine monitor in the container opens (Documentation/driver-api/vfio.rst): those of its
 * IOMMU groups, and where the kernel has them those of its devices.
 */
#include "base/str.h"
#include "export/page.h"

static bool takes(struct arena *a, const struct page_item *item, struct strings *ret_cannot)
{
        const char *why = NULL;

        if (item->guest->way == GUEST_USB)
                why = "its node in /dev is another after each replug, and CDI takes a path";
        else if (item->guest->way == GUEST_SERIAL)
                why = "its node is a link, and CDI takes none";
        else if (item->shown->device->group == NO_GROUP)
                why = "its IOMMU group is not known, so its node is not";
        if (why)
                page_cannot(a, item, why, ret_cannot);
        return !why;
}

static void add_node(struct arena *a, const char *path, struct strings *ret)
{
        const char *node = arena_join(a, "{\"path\": ", page_quoted(a, path), "}", NULL);

        for (size_t i = 0; i < ret->n; i++)
                if (streq(ret->v[i], node))
                        return;
        strings_add(a, ret, node);
}

static void add_device(struct arena *a, const char *name, const struct strings *nodes, struct strings *ret)
{
        strings_add(a, ret, ret->n > 0 ? "    }, {" : "    {");
        strings_add(a, ret, arena_join(a, "      \"name\": \"", name, "\",", NULL));
        strings_add(a, ret, "      \"containerEdits\": {");
        strings_add(a, ret, "        \"deviceNodes\": [");
        for (size_t i = 0; i < nodes->n; i++)
                strings_add(a, ret, arena_join(a, "          ", nodes->v[i], i + 1 < nodes->n ? "," : "", NULL));
        strings_add(a, ret, "        ]");
        strings_add(a, ret, "      }");
}

static void add_rule(struct arena *a, const struct page *page, size_t i, size_t n, struct strings *ret,
                     struct strings *ret_cannot)
{
        const char *name = page->items[i].guest->rule;
        struct strings nodes = {};

        if (!page_name_fits(name, SIZE_MAX)) {
                page_cannot(a, &page->items[i], "CDI wants a name that ends in a letter or digit", ret_cannot);
                return;
        }
        for (size_t k = i; k < i + n; k++) {
                const struct shown_device *s = page->items[k].shown;

                if (!takes(a, &page->items[k], ret_cannot))
                        continue;
                add_node(a, arena_printf(a, "/dev/vfio/%d", s->device->group), &nodes);
                if (s->vfio)
                        add_node(a, arena_join(a, "/dev/vfio/devices/", s->vfio, NULL), &nodes);
        }
        if (nodes.n > 0)
                add_device(a, name, &nodes, ret);
}

/* /dev/vfio/vfio is every user's. */
static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        struct strings list = {};

        for (size_t i = 0, n; i < page->n; i += n) {
                n = page_rule_items(page, i);
                add_rule(a, page, i, n, &list, ret_cannot);
        }
        if (list.n == 0)
                return;
        strings_add(a, ret, "{");
        /* The first with names that begin with a digit (specs-go, requiresV050()). */
        strings_add(a, ret, "  \"cdiVersion\": \"0.5.0\",");
        strings_add(a, ret, "  \"kind\": \"passthrough/vfio\",");
        strings_add(a, ret, "  \"devices\": [");
        strings_append(a, ret, &list);
        strings_add(a, ret, "    }");
        strings_add(a, ret, "  ],");
        strings_add(a, ret, "  \"containerEdits\": {\"deviceNodes\": [{\"path\": \"/dev/vfio/vfio\"}]}");
        strings_add(a, ret, "}");
}

const struct exporter exporter_cdi = {.name = "cdi",
                                      .heading = "Container Device Interface, for /etc/cdi",
                                      .asked = true,
                                      .page = make,
                                      .file = "/run/cdi/passthrough.json"};
