/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Documents of the machine configuration of Talos Linux, kind PCIDriverRebindConfig (since 1.10; its
 * pkg/machinery/config/types/hardware). A host of Talos does what they say itself, in our place, once udev has settled
 * (PCIDriverRebindController), and loads no module for it. Without quotes a reader of YAML 1.1 takes an address for a
 * number.
 */
#include "base/str.h"
#include "export/page.h"

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        for (size_t i = 0; i < page->n; i++) {
                const struct page_item *item = &page->items[i];

                if (!page_takes(a, page, item, "Talos", 0, ret_cannot))
                        continue;
                if (ret->n > 0)
                        strings_add(a, ret, "---");
                strings_add(a, ret, "apiVersion: v1alpha1");
                strings_add(a, ret, "kind: PCIDriverRebindConfig");
                strings_add(a, ret, arena_join(a, "name: \"", item->shown->device->address, "\"", NULL));
                strings_add(a, ret, arena_join(a, "targetDriver: ", item->shown->entry->driver, NULL));
        }
}

const struct exporter exporter_talos = {
        .name = "talos", .heading = "Talos, for its machine configuration", .asked = true, .page = make};
