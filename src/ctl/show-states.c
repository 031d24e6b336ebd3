/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/show-states.h"

#include <limits.h>

#include "base/str.h"
#include "state/record.h"

const char *show_driver(struct ctl *c, const struct device *d)
{
        char target[PATH_MAX];

        if (d->bus->syntax->taken_by)
                return d->driver_now;
        if (root_readlink(&c->root, arena_join(&c->arena, d->sysfs, "/driver", NULL), target, sizeof(target)) <= 0)
                return NULL;
        return arena_strdup(&c->arena, str_basename(target));
}

/* In this boot, which its record tells; without one nothing is late. */
static bool was_late(const struct record *record, const char *rule, const char *address)
{
        const struct record_device *x = record_find_device(record, address);

        return x && streq_ptr(x->rule, rule) && x->state == STATE_LATE;
}

const enum shown_state *show_states(struct ctl *c)
{
        enum shown_state *states = arena_alloc(&c->arena, c->plan.n_entries * sizeof(*states));
        struct record record;

        if (record_read(&c->root, &c->arena, &record) != 0)
                record = (struct record){};
        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct plan_entry *e = &c->plan.entries[i];
                const struct device *d = &c->facts.devices[e->device];
                const char *rule = c->config.rules[e->rule].name;

                if (e->action == ACTION_REFUSE)
                        states[i] = SHOWN_REFUSED;
                else if (streq_ptr(show_driver(c, d), e->driver))
                        states[i] = was_late(&record, rule, d->address) ? SHOWN_LATE : SHOWN_BOUND;
                else
                        states[i] = e->stage == STAGE_DEMAND ? SHOWN_IDLE : SHOWN_PENDING;
        }
        return states;
}

const char *const *show_vfio(struct ctl *c)
{
        const char **nodes = arena_alloc(&c->arena, c->plan.n_entries * sizeof(*nodes));

        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct device *d = &c->facts.devices[c->plan.entries[i].device];
                const char *dir = arena_join(&c->arena, d->sysfs, "/vfio-dev", NULL), **names;
                size_t n = 0;

                /* A kernel without VFIO_DEVICE_CDEV has the name, and no node of it. */
                if (root_list(&c->root, &c->arena, dir, &names, &n) == 0 && n == 1 &&
                    root_exists(&c->root, arena_join(&c->arena, dir, "/", names[0], "/dev", NULL)))
                        nodes[i] = names[0];
        }
        return nodes;
}
