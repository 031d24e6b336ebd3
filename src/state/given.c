/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/given.h"

#include "base/str.h"

void given_by_record(const struct record *record, const struct facts *facts, const char *rule, struct arena *a,
                     struct givens *ret)
{
        *ret = (struct givens){};
        for (size_t i = 0; i < record->n_devices; i++) {
                const struct record_device *d = &record->devices[i];
                size_t at = facts_find(facts, d->address);
                struct given *g;

                if (!streq(d->rule, rule) || !record_device_held(d) || record_carrier(record, d) != d ||
                    at == NO_DEVICE || !record_device_is(d, &facts->devices[at]))
                        continue;
                g = arena_grow(a, &ret->v, ret->n++, sizeof(*ret->v));
                *g = (struct given){at, rule, d->driver};
        }
}

struct ops given_way_back(const struct record *record, const struct facts *facts, struct arena *a,
                          const struct given *g)
{
        const struct device *d = &facts->devices[g->device];
        const struct record_device *x = record_find_device(record, d->address);

        return x && record_device_held(x) && x->back.n > 0 ? x->back : ops_way_back_unrecorded(a, d, g->driver);
}

bool given_is_ours(const struct record *record, const struct facts *facts, const struct given *g)
{
        const struct device *d = &facts->devices[g->device];
        const struct record_device *x = record_find_device(record, d->address);

        return !d->driver || streq(d->driver, g->driver) || (x && x->state == STATE_BEGUN);
}
