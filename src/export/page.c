/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/page.h"

#include <ctype.h>
#include <stdio.h>

#include "base/str.h"

#define DOMAIN_DIGITS 4

void page_cannot(struct arena *a, const struct page_item *item, const char *why, struct strings *ret_cannot)
{
        strings_add(a, ret_cannot,
                    arena_join(a, item->guest->rule, ": ", item->shown->device->address, ": ", why, NULL));
}

bool page_is_pci(const struct page_item *item)
{
        return item->guest->way == GUEST_VFIO && !item->guest->uuid && !item->guest->vgpu;
}

static const char *kind_of(const struct page_item *item)
{
        const struct guest_device *d = item->guest;

        return d->way == GUEST_USB      ? "a USB device"
               : d->way == GUEST_SERIAL ? "a serial port"
               : d->uuid                ? "a mediated device"
               : d->vgpu                ? "a virtual GPU, which keeps the driver that has made it"
                                        : NULL;
}

bool page_takes(struct arena *a, const struct page *page, const struct page_item *item, const char *consumer,
                unsigned wants, struct strings *ret_cannot)
{
        const struct device *d = item->shown->device;
        const char *kind = kind_of(item), *driver = item->shown->entry->driver, *other;
        size_t digits = strcspn(d->address, ":");

        if (kind)
                kind = arena_join(a, "it is ", kind, ", and ", consumer, " has no words for one here", NULL);
        else if (wants & PAGE_VFIO_PCI && !streq(driver, DRIVER_VFIO_PCI))
                kind = arena_join(a, consumer, " takes devices of the driver vfio-pci alone, and this one gets ",
                                  driver, NULL);
        else if (wants & PAGE_DOMAIN_0 && !startswith(d->address, "0000:"))
                kind = arena_join(a, consumer, " takes devices of PCI domain 0 alone", NULL);
        else if (wants & PAGE_DOMAIN_16 && digits > DOMAIN_DIGITS)
                kind = arena_join(a, consumer, " takes no PCI domain of more than 16 bits", NULL);
        else if (wants & PAGE_GROUP && (other = page_left_out(page, item)))
                kind = arena_join(a, consumer, " takes whole IOMMU groups alone, and ", other,
                                  " of its group is not handed over with it", NULL);
        if (kind)
                page_cannot(a, item, kind, ret_cannot);
        return !kind;
}

bool page_same_rule(const struct page_item *a, const struct page_item *b)
{
        return a->shown->entry->rule == b->shown->entry->rule;
}

static bool same_id(const struct page_item *a, const struct page_item *b)
{
        return streq(a->shown->device->id, b->shown->device->id);
}

bool page_has_before(const struct page *page, size_t i, bool of_id)
{
        for (size_t k = i; k > 0 && page_same_rule(&page->items[k - 1], &page->items[i]); k--)
                if (!of_id || same_id(&page->items[k - 1], &page->items[i]))
                        return true;
        return false;
}

size_t page_rule_items(const struct page *page, size_t i)
{
        size_t n = 1;

        while (i + n < page->n && page_same_rule(&page->items[i], &page->items[i + n]))
                n++;
        return n;
}

const char *page_name_by_id(struct arena *a, const struct page *page, size_t i)
{
        size_t first = i;

        while (first > 0 && page_same_rule(&page->items[first - 1], &page->items[i]))
                first--;
        if (same_id(&page->items[first], &page->items[i]))
                return page->items[i].guest->rule;
        return arena_join(a, page->items[i].guest->rule, "-", strchr(page->items[i].shown->device->id, ':') + 1, NULL);
}

bool page_name_free(struct arena *a, const struct page *page, size_t i, const char *name, const char *consumer,
                    struct strings *ret_cannot)
{
        const char *own = page->items[i].guest->rule, *other = NULL;

        if (!streq(name, own) && config_find(page->plan->config, name))
                other = arena_join(a, "as the rule of that name", NULL);
        for (size_t k = i; !other && k > 0 && page_same_rule(&page->items[k - 1], &page->items[i]); k--)
                if (!same_id(&page->items[k - 1], &page->items[i]) && streq(page_name_by_id(a, page, k - 1), name))
                        other = arena_join(a, "as ", page->items[k - 1].shown->device->address,
                                           ", which has another ID", NULL);
        if (other)
                page_cannot(a, &page->items[i],
                            arena_join(a, consumer, " would have it by the name ", name, ", ", other, NULL),
                            ret_cannot);
        return !other;
}

bool page_name_fits(const char *name, size_t longest)
{
        size_t n = strlen(name);

        return n > 0 && n <= longest && isalnum((unsigned char)name[n - 1]);
}

const struct device *page_twin(const struct page *page, const struct page_item *item, const char *driver)
{
        const struct facts *facts = page->plan->facts;
        const struct device *is = item->shown->device, *given = NULL;

        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];
                const struct plan_entry *e = plan_find(page->plan, i);

                if (d == is || d->bus != is->bus || !*d->id || !streq(d->id, is->id))
                        continue;
                if (e && e->action == ACTION_BIND && e->rule == item->shown->entry->rule)
                        continue;
                if (!driver || streq_ptr(d->driver_now, driver) ||
                    (e && e->action == ACTION_BIND && streq_ptr(e->driver, driver))) {
                        if (!page_rule_of(page, d))
                                return d;
                        given = given ? given : d;
                }
        }
        return given;
}

const char *page_group_twin(const struct page *page, size_t i)
{
        const struct device *d = page->items[i].shown->device;

        for (size_t k = 0; k < i && d->group != NO_GROUP; k++)
                if (same_id(&page->items[k], &page->items[i]) && page->items[k].shown->device->group == d->group)
                        return page->items[k].shown->device->address;
        return NULL;
}

const char *page_rule_of(const struct page *page, const struct device *d)
{
        const struct plan_entry *e = plan_find(page->plan, (size_t)(d - page->plan->facts->devices));

        return e && e->action == ACTION_BIND ? page->plan->config->rules[e->rule].name : NULL;
}

const char *page_left_out(const struct page *page, const struct page_item *item)
{
        const struct facts *facts = page->plan->facts;
        int group = item->shown->device->group;
        size_t first = 0, n = group == NO_GROUP ? 0 : facts_group(facts, group, &first);

        for (size_t i = 0; i < n; i++) {
                const struct device *d = &facts->devices[facts->by_group[first + i]];
                bool has = d->roles & (ROLE_BRIDGE | ROLE_BYSTANDER);

                for (size_t k = 0; k < page->n; k++)
                        has |= page->items[k].shown->device == d;
                if (!has)
                        return d->address;
        }
        return item->shown->device->group_stranger;
}

const char *page_host(const struct page *page)
{
        const char *host = page->plan->facts->hostname;

        if (!host || !isalnum((unsigned char)*host))
                return NULL;
        for (const char *c = host; *c; c++)
                if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.')
                        return NULL;
        return host;
}

const char *page_quoted(struct arena *a, const char *text)
{
        char *quoted = arena_alloc(a, 6 * strlen(text) + 3), *at = quoted;

        *at++ = '"';
        for (const char *c = text; *c; c++) {
                if ((unsigned char)*c < ' ') {
                        at += sprintf(at, "\\u%04x", (unsigned)*c);
                        continue;
                }
                if (*c == '"' || *c == '\\')
                        *at++ = '\\';
                *at++ = *c;
        }
        *at++ = '"';
        *at = '\0';
        return quoted;
}

const char *page_directory(struct arena *a, const struct device *d)
{
        return arena_join(a, "/sys/bus/", d->bus->syntax->name, "/devices/", d->address, NULL);
}
