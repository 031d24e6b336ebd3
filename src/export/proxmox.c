/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings of Proxmox VE, for /etc/pve/mapping/pci.cfg (PVE::Mapping::PCI): a section for each rule, and a line for
 * each card. Of several lines a virtual machine gets one that is free. A path without a function means the whole card,
 * with the ID, the subsystem and the group of its function 0; Proxmox ends with an error where one differs from sysfs
 * (assert_valid()). When a machine starts, all of the IOMMU group gets vfio-pci, with a rule or without
 * (pci_dev_group_bind_to_vfio() of PVE::SysFSTools). A node is called by the host's name up to the first dot
 * (PVE::INotify::nodename()).
 */
#include <ctype.h>

#include "base/str.h"
#include "export/page.h"

/* "pve-configid": a letter first, and at least two characters of letters, digits, "_" and "-". */
static bool name_fits(const char *name)
{
        return isalpha((unsigned char)*name) && name[1] && !strchr(name, '.');
}

static const char *const whole_card = "Proxmox hands out one function or a whole card, and of this card some functions "
                                      "stay with the host or belong to another rule";

/* How many items from i on are the functions of one card. */
static size_t card_items(const struct page *page, size_t i, size_t n)
{
        size_t k = 1;

        while (k < n && device_same_card(page->items[i].shown->device, page->items[i + k].shown->device))
                k++;
        return k;
}

/* All functions that the card has here, from function 0 on. */
static bool is_whole(const struct page *page, size_t i, size_t n)
{
        size_t first, device = page->items[i].shown->entry->device;

        return endswith(page->items[i].shown->device->address, ".0") &&
               facts_card(page->plan->facts, device, &first) == n;
}

static bool takes(struct arena *a, const struct page *page, size_t i, size_t n, struct strings *ret_cannot)
{
        for (size_t k = i; k < i + n; k++)
                if (!page_takes(a, page, &page->items[k], "Proxmox", PAGE_VFIO_PCI | PAGE_GROUP, ret_cannot))
                        return false;
        if (page->items[i].shown->device->group == NO_GROUP)
                page_cannot(a, &page->items[i], "Proxmox wants its IOMMU group, which is not known", ret_cannot);
        else if (n > 1 && !is_whole(page, i, n))
                page_cannot(a, &page->items[i], whole_card, ret_cannot);
        else
                return true;
        return false;
}

/* The n functions of one card. */
static void add_map(struct arena *a, const struct page *page, size_t i, size_t n, struct strings *ret)
{
        const struct page_item *item = &page->items[i];
        const struct device *d = item->shown->device;
        const char *host = page_host(page);
        const char *path =
                n == 1 ? d->address : arena_strndup(a, d->address, (size_t)(strchr(d->address, '.') - d->address));

        strings_add(a, ret,
                    arena_printf(a, "\tmap node=%.*s,path=%s,id=%s,iommugroup=%d%s%s", (int)strcspn(host, "."), host,
                                 path, d->id, d->group, item->shown->subsystem ? ",subsystem-id=" : "",
                                 item->shown->subsystem ? item->shown->subsystem : ""));
}

/* Why no mapping can be of that rule, or NULL. */
static const char *reason_against(const struct page *page, const struct page_item *first)
{
        if (!page_host(page))
                return "Proxmox wants " PAGE_NO_HOST;
        if (!name_fits(first->guest->rule))
                return "Proxmox wants a name that begins with a letter, and has two or more letters, digits, \"_\" and "
                       "\"-\"";
        return NULL;
}

static void add_rule(struct arena *a, const struct page *page, size_t i, size_t n, struct strings *ret,
                     struct strings *ret_cannot)
{
        const char *why = reason_against(page, &page->items[i]);
        struct strings maps = {};

        for (size_t k = i, m; k < i + n; k += m) {
                m = card_items(page, k, i + n - k);
                if (!takes(a, page, k, m, ret_cannot))
                        continue;
                if (!why)
                        add_map(a, page, k, m, &maps);
                else
                        page_cannot(a, &page->items[k], why, ret_cannot);
        }
        if (maps.n == 0)
                return;
        if (ret->n > 0)
                strings_add(a, ret, "");
        strings_add(a, ret, page->items[i].guest->rule);
        strings_append(a, ret, &maps);
}

static void make(struct arena *a, const struct page *page, struct strings *ret, struct strings *ret_cannot)
{
        for (size_t i = 0, n; i < page->n; i += n) {
                n = page_rule_items(page, i);
                add_rule(a, page, i, n, ret, ret_cannot);
        }
}

const struct exporter exporter_proxmox = {
        .name = "proxmox", .heading = "Proxmox VE, for mapping/pci.cfg", .asked = true, .page = make};
