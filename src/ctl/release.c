/* SPDX-License-Identifier: GPL-2.0-or-later */
/* release: what the record or a rule says is ours goes back to the host's own drivers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "act/logins.h"
#include "base/str.h"
#include "ctl/hand.h"
#include "ctl/make-functions.h"
#include "ctl/situation.h"
#include "plan/hand.h"
#include "report/domain.h"
#include "state/given.h"

static void add(struct hand *h, struct givens *g, size_t device, const char *rule, const char *driver)
{
        struct given *slot;

        if (device == NO_DEVICE || (h->rule ? !streq(h->rule, rule) : h->device != device))
                return;
        for (size_t i = 0; i < g->n; i++)
                if (g->v[i].device == device)
                        return;
        slot = arena_grow(&h->c->arena, &g->v, g->n, sizeof(*g->v));
        *slot = (struct given){device, rule, driver};
        g->n++;
}

/* The record knows best; a rule alone where it would take the device, or where a vfio driver has it. */
static void collect(struct hand *h, struct givens *g)
{
        const struct ctl *c = h->c;

        for (size_t i = 0; i < h->record.n_devices; i++) {
                const struct record_device *d = &h->record.devices[i];

                if (record_device_held(d) && record_carrier(&h->record, d) == d)
                        add(h, g, facts_find(&c->facts, d->address), d->rule, d->driver);
        }
        for (size_t i = 0; i < c->plan.n_entries; i++) {
                const struct plan_entry *e = &c->plan.entries[i];
                const struct device *d = &c->facts.devices[e->device];

                /* Made, and served by nobody. */
                if (d->bus->syntax->made && d->parent && !e->driver)
                        add(h, g, e->device, c->config.rules[e->rule].name, "");
                else if (e->driver && e->below == NO_ENTRY &&
                         (e->action == ACTION_BIND || (driver_is_vfio(e->driver) && e->action != ACTION_KEEP)))
                        add(h, g, e->device, c->config.rules[e->rule].name, e->driver);
        }
}

/* udev asks the record whether it is to let go: so that comes first. */
static enum act_end carry_out(struct hand *h, const struct given *g, struct result *ret)
{
        struct ctl *c = h->c;
        const struct device *d = &c->facts.devices[g->device];
        struct ops back = given_way_back(&h->record, &c->facts, &c->arena, g);
        struct result released = {.state = STATE_SKIPPED, .at_us = act_now()};
        int k = 0;

        if (d->bus->syntax->taken_by) {
                record_release(&h->record, &c->arena, &c->plan, g->rule, g->device, &released);
                k = record_write(&c->root, &c->arena, &h->record);
        }
        if (k < 0) {
                *ret = (struct result){.state = STATE_FAILED,
                                       .error = arena_join(&c->arena, RECORD_PATH, ": ", strerror(-k), NULL)};
                return ACT_DONE;
        }
        return act_give(&c->root, d->address, &back, PATIENCE, &c->arena, ret);
}

/* Into the document, and where something changed into the record. */
static enum act_end give_back(struct hand *h, const struct given *g, bool tried)
{
        struct ctl *c = h->c;
        const struct device *d = &c->facts.devices[g->device];
        bool ours = given_is_ours(&h->record, &c->facts, g);
        enum act_end end = ACT_DONE;
        struct result result = {};
        const char *refused = NULL;
        struct outcome o;

        if (ours && tried) {
                plan_release_refused(&c->plan, &c->arena, g->device, g->driver, &refused);
                if (!refused && c->dry_run)
                        result.state = STATE_SKIPPED;
                else if (!refused)
                        end = carry_out(h, g, &result);
        } else if (tried)
                result = (struct result){.state = STATE_SKIPPED, .now = d->driver, .at_us = act_now()};
        o = outcome_of_release(&c->arena, d, g->rule, refused, &result);
        if (c->dry_run && ours && tried && !refused)
                o.text = arena_printf(&c->arena, "%s: %s would %s", g->rule, d->address,
                                      d->bus->syntax->made ? "be removed"
                                      : device_is_vgpu(d)  ? "be no virtual GPU any more: its type is cleared"
                                                           : "be given back to the host");
        hand_tell(h, &o);
        if (refused || !tried)
                result = (struct result){.state = refused ? STATE_REFUSED : STATE_NONE,
                                         .error = refused ? refused : "not tried"};
        else
                record_release(&h->record, &c->arena, &c->plan, g->rule, g->device, &result);
        record_release(&h->document, &c->arena, &c->plan, g->rule, g->device, &result);
        if (refused) {
                struct record_rule *r = record_find(&h->document, g->rule);

                r->state = RULE_REFUSED;
                record_tell(r, REASON_OTHER, o.text, NULL);
        }
        return end;
}

/* What went along with another comes back with that one. */
static void complain_of_nothing(struct hand *h)
{
        for (size_t i = 0; i < h->record.n_devices; i++) {
                const struct record_device *d = &h->record.devices[i], *of = record_carrier(&h->record, d);

                if (of == d || !streq(d->rule, h->rule))
                        continue;
                hand_complain(h, h->rule,
                              arena_printf(&h->c->arena,
                                           "%s went along with %s and comes back with it: passthroughctl release %s",
                                           d->address, of->address, of->rule));
                return;
        }
        hand_complain(h, h->rule, "nothing to give back: no device here is handed over by it");
}

/* The record is written by then, and the generator asks it. */
static void start_logins(struct hand *h, const struct device *d)
{
        if (d->bus->syntax->driverless)
                logins_unmask(&h->c->root, &h->c->arena, d->address);
}

static int release(struct hand *h)
{
        struct ctl *c = h->c;
        struct givens g = {};
        enum act_end end = ACT_DONE;

        collect(h, &g);
        if (g.n == 0 && !h->rule)
                return ctl_usage("%s is with the host, and no rule covers it: there is nothing to give back",
                                 domain_less(domain_is_one(&c->facts), c->facts.devices[h->device].address));
        for (size_t i = 0; i < g.n; i++)
                if (give_back(h, &g.v[i], end == ACT_DONE) == ACT_STUCK)
                        end = ACT_STUCK;
        for (size_t i = 0; i < g.n; i++)
                hand_nodes(h, g.v[i].rule);
        for (size_t i = 0; i < g.n && !c->dry_run; i++)
                start_logins(h, &c->facts.devices[g.v[i].device]);
        if (g.n == 0)
                complain_of_nothing(h);
        return hand_finish(h, 0);
}

int ctl_release(struct ctl *c)
{
        struct hand h = {.c = c, .lock = -1};
        int k = hand_open(&h);

        if (k == 0)
                k = release(&h);
        hand_close(&h);
        if (k == 0)
                k = make_functions_gone(c);
        if (!c->json && k != EXIT_USAGE)
                situation_put(c, NEXT_ON_RELEASE);
        return k;
}
