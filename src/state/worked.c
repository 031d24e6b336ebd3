/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/worked.h"

#include "base/str.h"

static bool was_taken(const struct record *record, const struct rule *rule, const struct device *d)
{
        const struct record_device *x = record_find_device(record, d->address);

        return x && streq(x->rule, rule->name) && record_device_taken(x);
}

static bool was_cleared(const struct clearance *clearance, const struct rule *rule, const struct device *d)
{
        for (size_t i = 0; i < clearance->n_devices; i++) {
                const struct clearance_device *r = &clearance->devices[i];

                if (r->cleared && streq(r->rule, rule->name) && streq(r->path, d->path) && streq(r->id, d->id))
                        return true;
        }
        return false;
}

const char **worked_find(const struct root *root, struct arena *a, const struct plan *plan)
{
        const struct config *config = plan->config;
        const char **ret = arena_alloc(a, config->n_rules * sizeof(*ret));
        struct record record;

        /* One that cannot be read tells nothing of this boot. */
        if (record_read(root, a, &record) != 0)
                record = (struct record){};
        /* What is no consequence of another refusal comes first. */
        for (int derived = 0; derived <= 1; derived++)
                for (size_t i = 0; i < plan->n_entries; i++) {
                        const struct plan_entry *e = &plan->entries[i];
                        const struct device *d = &plan->facts->devices[e->device];
                        const struct rule *rule = &config->rules[e->rule];

                        if (e->action != ACTION_REFUSE || e->derived != (bool)derived || ret[e->rule] ||
                            (!was_taken(&record, rule, d) && !was_cleared(&plan->facts->clearance, rule, d)))
                                continue;
                        ret[e->rule] = arena_join(a, rule->name,
                                                  " worked until now, and the next boot image refuses it: ", d->address,
                                                  ": ", e->reason,
                                                  "; images that are there stay as they are: correct this before one "
                                                  "is built, or keep the device with Driver=native",
                                                  NULL);
                }
        return ret;
}
