/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking things up in facts. Pure: the planner calls it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "facts/gather.h"

int pci_address_compare(const struct pci_address *a, const struct pci_address *b)
{
        uint64_t x = (uint64_t)a->domain << 16 | (uint64_t)a->bus << 8 | (uint64_t)a->dev << 3 | a->fn;
        uint64_t y = (uint64_t)b->domain << 16 | (uint64_t)b->bus << 8 | (uint64_t)b->dev << 3 | b->fn;

        return (x > y) - (x < y);
}

static int compare_devices(const void *a, const void *b)
{
        const struct device *x = a, *y = b;

        return pci_address_compare(&x->at, &y->at);
}

void device_alias(const struct device *d, const char *bus, char *buf, size_t size)
{
        unsigned vendor = 0, device = 0, subvendor = 0, subdevice = 0, class = 0;

        sscanf(d->id, "%4x:%4x", &vendor, &device);
        sscanf(d->subsystem, "%4x:%4x", &subvendor, &subdevice);
        sscanf(d->class, "%6x", &class);
        snprintf(buf, size, "%s:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", bus, vendor, device, subvendor, subdevice,
                 class >> 16 & 0xff, class >> 8 & 0xff, class & 0xff);
}

void facts_sort(struct facts *facts)
{
        if (facts->n_devices > 0)
                qsort(facts->devices, facts->n_devices, sizeof(*facts->devices), compare_devices);
}

size_t facts_find_at(const struct facts *facts, const struct pci_address *at)
{
        struct device key = {.at = *at};
        struct device *found = facts->n_devices > 0 ? bsearch(&key, facts->devices, facts->n_devices,
                                                              sizeof(*facts->devices), compare_devices)
                                                    : NULL;

        return found ? (size_t)(found - facts->devices) : NO_DEVICE;
}

size_t facts_find(const struct facts *facts, const char *address)
{
        struct pci_address at;
        size_t i = pci_address_parse(address, &at) < 0 ? NO_DEVICE : facts_find_at(facts, &at);

        return i != NO_DEVICE && streq(facts->devices[i].address, address) ? i : NO_DEVICE;
}

static const struct facts *sorting; /* qsort() has no argument for it */

static int compare_groups(const void *a, const void *b)
{
        size_t x = *(const size_t *)a, y = *(const size_t *)b;
        int g = sorting->devices[x].group, h = sorting->devices[y].group;

        return g != h ? (g > h) - (g < h) : (x > y) - (x < y);
}

void facts_index_groups(struct arena *a, struct facts *facts)
{
        facts->by_group = arena_alloc(a, facts->n_devices * sizeof(*facts->by_group));
        for (size_t i = 0; i < facts->n_devices; i++)
                facts->by_group[i] = i;
        sorting = facts;
        qsort(facts->by_group, facts->n_devices, sizeof(*facts->by_group), compare_groups);
}

size_t facts_group(const struct facts *facts, int group, size_t *ret_first)
{
        size_t low = 0, high = facts->n_devices, n = 0;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (facts->devices[facts->by_group[mid]].group < group)
                        low = mid + 1;
                else
                        high = mid;
        }
        while (low + n < facts->n_devices && facts->devices[facts->by_group[low + n]].group == group)
                n++;
        *ret_first = low;
        return n;
}
