/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking things up in facts. Pure: the planner calls it. */
#include <stdlib.h>

#include "base/str.h"
#include "facts/gather.h"

/* Where the devices of the bus at that position end. */
static size_t end_of(const struct facts *facts, size_t bus)
{
        return bus + 1 < facts->n_buses ? facts->buses[bus + 1].first : facts->n_devices;
}

bool facts_find_written(const struct facts *facts, const char *text, size_t *ret)
{
        *ret = NO_DEVICE;
        for (size_t i = 0; i < facts->n_buses; i++) {
                size_t first = facts->buses[i].first;

                if (!facts->buses[i].bus->find(facts->devices + first, end_of(facts, i) - first, text, ret))
                        continue;
                if (*ret != NO_DEVICE)
                        *ret += first;
                return true;
        }
        return false;
}

size_t facts_find(const struct facts *facts, const char *address)
{
        size_t i;

        return facts_find_written(facts, address, &i) && i != NO_DEVICE && streq(facts->devices[i].address, address)
                       ? i
                       : NO_DEVICE;
}

size_t facts_card(const struct facts *facts, size_t device, size_t *ret_first)
{
        const struct device *d = facts->devices;
        size_t first = device, last = device;

        while (first > 0 && device_same_place(&d[first - 1], &d[device]))
                first--;
        while (last + 1 < facts->n_devices && device_same_place(&d[last + 1], &d[device]))
                last++;
        *ret_first = first;
        return last + 1 - first;
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

/* A machine put together by hand may have devices that go round in a circle. */
#define DEEPEST 32

static size_t above(const struct facts *facts, const struct device *d)
{
        const char *address = d->parent ? d->parent : d->below;

        return address ? facts_find(facts, address) : NO_DEVICE;
}

void facts_index_below(struct arena *a, struct facts *facts)
{
        facts->below = arena_alloc(a, facts->n_devices * sizeof(*facts->below));
        for (size_t i = 0; i < facts->n_devices; i++) {
                size_t up = above(facts, &facts->devices[i]), depth = 0;

                while (up != NO_DEVICE && facts->devices[up].roles & ROLE_BRIDGE && depth++ < DEEPEST)
                        up = above(facts, &facts->devices[up]);
                facts->below[i] = depth < DEEPEST ? up : NO_DEVICE;
        }
        for (size_t i = 0; i < facts->n_devices; i++) {
                size_t up = facts->below[i], depth = 0;

                while (up != NO_DEVICE && depth++ < DEEPEST)
                        up = facts->below[up];
                if (up != NO_DEVICE)
                        facts->below[i] = NO_DEVICE;
        }
}

bool facts_is_below(const struct facts *facts, size_t device, size_t other)
{
        do
                device = facts->below[device];
        while (device != NO_DEVICE && device != other);
        return device != NO_DEVICE;
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
