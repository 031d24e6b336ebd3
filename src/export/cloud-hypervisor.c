/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cloud Hypervisor's argument: --device with all devices behind it (docs/vfio.md of it). Releases of today also take it
 * several times (main.rs, num_args(1..) and ArgAction::Append).
 */
#include "base/str.h"
#include "export/page.h"

static bool is_about_several(const struct page *page)
{
        return page->n > 0 && page_rule_items(page, 0) < page->n;
}

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        bool several = is_about_several(page);

        for (size_t i = 0, n; i < page->n; i += n) {
                const char *text = "";

                n = page_rule_items(page, i);
                for (size_t k = i; k < i + n; k++)
                        if (page_takes(a, page, &page->items[k], "Cloud Hypervisor", PAGE_GROUP, ret_cannot))
                                text = arena_join(a, text, " path=", page_directory(a, page->items[k].shown->device),
                                                  "/", NULL);
                if (*text && several)
                        strings_add(a, ret, arena_join(a, "# ", page->items[i].guest->rule, NULL));
                if (*text)
                        strings_add(a, ret, arena_join(a, "--device", text, NULL));
        }
}

const struct exporter exporter_cloud_hypervisor = {
        .name = "cloud-hypervisor", .heading = "Cloud Hypervisor", .asked = true, .page = make};
