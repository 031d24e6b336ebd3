/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/cleared.h"

#include <string.h>

#include "base/str.h"
#include "facts/facts.h"
#include "facts/identity.h"
#include "guard/evidence.h"
#include "plan/sight.h"

static const char *text(const char *s)
{
        return s ? s : "";
}

/* What is known of the device from before: the same one, by place and ID, for the same rule. NULL for nothing. */
static const struct clearance_device *before(const struct facts *facts, const struct rule *rule, const struct device *d)
{
        for (size_t i = 0; i < facts->clearance.n_devices; i++) {
                const struct clearance_device *r = &facts->clearance.devices[i];

                if (r->digest == rule->digest && streq(r->rule, rule->name) && streq(r->path, d->path) &&
                    streq(r->id, d->id))
                        return r;
        }
        return NULL;
}

static void add_seen(struct arena *a, struct clearance *clearance, const char *const *sources, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (str_index(sources[i], clearance->seen, clearance->n_seen) < 0)
                        str_add(a, &clearance->seen, &clearance->n_seen, sources[i]);
}

/*
 * What is not known of a device that is refused for it. An early boot may know less still: there nothing speaks of a
 * disk or a display, and what was refused here would go. Others want to be cleared there anyway.
 */
static const char *not_known(const struct plan *plan, const struct plan_entry *e)
{
        const struct device *d = &plan->facts->devices[e->device];

        return e->action == ACTION_REFUSE && REASON_REFUSAL(e->kind) == REFUSAL_HOST &&
                               !sight_withheld(plan->facts, d) && sight_clears(plan->facts, d) &&
                               !(d->roles & (ROLE_NETWORK | ROLE_USB | ROLE_GUARDED))
                       ? e->more ? e->more : e->reason
                       : NULL;
}

/* How the host needs it, for all that is known. */
static void withhold(const struct plan *plan, struct arena *a, const struct plan_entry *e, struct clearance *clearance,
                     struct clearance_device *ret)
{
        const struct clearance *old = &plan->facts->clearance;
        const struct clearance_device *known =
                e->needed ? NULL : sight_withheld(plan->facts, &plan->facts->devices[e->device]);

        if (known) {
                /* The run that revokes it has to see what both saw. */
                add_seen(a, clearance, old->seen, old->n_seen);
                ret->withheld = known->withheld;
                ret->withheld_kind = known->withheld_kind;
                ret->needed_for = known->needed_for;
                return;
        }
        ret->withheld = text(e->needed ? e->needed : not_known(plan, e));
        ret->withheld_kind = e->needed ? REASON_NEEDED : *ret->withheld ? e->kind : REASON_MATCHED;
        ret->needed_for = text(e->needed_for);
}

/*
 * Storage that is named now, and that is not on the device: it is elsewhere, or the host has looked at the device and
 * found it not, or had by the time of the record.
 */
static void add_named(const struct facts *facts, struct arena *a, const struct device *d,
                      const struct clearance_device *known, struct clearance_device *ret)
{
        const struct evidence *evidence = facts->evidence;
        bool seen = !d->unseen && !d->claim && d->driver && !streq_ptr(d->driver, d->bus->syntax->taken_by);

        for (size_t i = 0; d->bus->interfaces && i < evidence->n_named; i++) {
                const char *spec = evidence->named[i], *name = clearance_name(a, spec);

                if (seen || str_index(spec, evidence->lacking, evidence->n_lacking) < 0 ||
                    (known && str_index(name, known->named, known->n_named) >= 0))
                        str_add(a, &ret->named, &ret->n_named, name);
        }
}

static void add(const struct plan *plan, struct arena *a, const struct plan_entry *e, struct clearance *clearance)
{
        const struct facts *facts = plan->facts;
        const struct device *d = &facts->devices[e->device];
        const struct rule *rule = &plan->config->rules[e->rule];
        struct clearance_device *r =
                arena_grow(a, &clearance->devices, clearance->n_devices, sizeof(*clearance->devices));
        const struct clearance_device *known = before(facts, rule, d);
        /* Where its kind does not show, what was known before stands. */
        bool cleared = !e->needed && (sight_clears(facts, d) || (known && known->cleared));
        size_t first, n = d->group == NO_GROUP ? 0 : facts_group(facts, d->group, &first);

        clearance->n_devices++;
        *r = (struct clearance_device){
                .rule = rule->name,
                .digest = rule->digest,
                .address = d->address,
                .path = d->path,
                .id = d->id,
                .companion = e->leader != NO_ENTRY,
                .cleared = e->action == ACTION_BIND && cleared,
        };
        withhold(plan, a, e, clearance, r);
        add_named(facts, a, d, known, r);
        for (enum mark m = 0; m < MARK_MAX_; m++)
                r->marks[m] = text(identity_mark(facts, d, m));
        /* A disk that is in a guest's hands tells its own to nobody here. */
        if (!d->marks[MARK_DISK_SERIAL] && known)
                r->marks[MARK_DISK_SERIAL] = known->marks[MARK_DISK_SERIAL];
        if (facts->below[e->device] != NO_DEVICE && !d->parent) {
                const struct device *above = &facts->devices[facts->below[e->device]];

                r->below = arena_join(a, above->path, "=", above->id, NULL);
        }
        for (size_t i = 0; i < n; i++) {
                const struct device *m = &facts->devices[facts->by_group[first + i]];

                str_add(a, &r->company, &r->n_company, arena_join(a, m->path, "=", m->id, NULL));
        }
        /* What is below it does not show while a guest has it, and is no stranger when it shows again. */
        for (size_t i = 0; known && driver_sets_aside(d->driver_now) && i < known->n_company; i++)
                if (str_index(known->company[i], r->company, r->n_company) < 0)
                        str_add(a, &r->company, &r->n_company, known->company[i]);
}

/* What was known of one that is refused now only because the network does not show; else NULL. */
static const struct clearance_device *stands(const struct plan *plan, const struct plan_entry *e)
{
        const struct evidence *evidence = plan->facts->evidence;
        const struct device *d = &plan->facts->devices[e->device];

        if (!d->unseen || (d->unseen != evidence->network_unknown && d->unseen != evidence->uplink_unknown))
                return NULL;
        return before(plan->facts, &plan->config->rules[e->rule], d);
}

static bool has(const struct clearance *clearance, const struct clearance_device *r)
{
        for (size_t i = 0; i < clearance->n_devices; i++)
                if (streq(clearance->devices[i].path, r->path) && streq(clearance->devices[i].id, r->id))
                        return true;
        return false;
}

static void keep(struct arena *a, struct clearance *clearance, const struct clearance_device *r)
{
        *(struct clearance_device *)arena_grow(a, &clearance->devices, clearance->n_devices++,
                                               sizeof(*clearance->devices)) = *r;
}

/* The device of the record is away, or the record still holds against it. */
static bool holds(const struct facts *facts, const struct clearance_device *r)
{
        bool here = false;

        for (size_t i = 0; i < facts->n_devices; i++) {
                if (!identity_may_be(r, &facts->devices[i]))
                        continue;
                if (sight_stands(facts, r, &facts->devices[i]))
                        return true;
                here = true;
        }
        return !here;
}

/* What was withheld is so until a moment that sees enough says otherwise, whatever became of the rule. */
static void keep_withheld(const struct facts *facts, struct arena *a, struct clearance *clearance)
{
        const struct clearance *old = &facts->clearance;
        bool any = false;

        for (size_t i = 0; i < old->n_devices; i++)
                if (*old->devices[i].withheld && !has(clearance, &old->devices[i]) && holds(facts, &old->devices[i])) {
                        keep(a, clearance, &old->devices[i]);
                        any = true;
                }
        if (any)
                add_seen(a, clearance, old->seen, old->n_seen);
}

/* Whoever is taken, kept, or needed by the host. */
static void build(const struct plan *plan, struct arena *a, struct clearance *clearance)
{
        const struct evidence *evidence = plan->facts->evidence;

        add_seen(a, clearance, evidence->seen, evidence->n_seen);
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct clearance_device *known = NULL;

                if (plan->config->rules[e->rule].invalid)
                        continue;
                if (e->action != ACTION_REFUSE || e->needed || not_known(plan, e))
                        add(plan, a, e, clearance);
                else
                        known = stands(plan, e);
                if (known)
                        keep(a, clearance, known);
        }
        /* Who is away today is not forgotten: another may sit there by the next boot. */
        for (size_t i = 0; i < plan->n_lost; i++)
                keep(a, clearance, plan->lost[i]);
        keep_withheld(plan->facts, a, clearance);
}

struct clearance cleared_now(const struct plan *plan, struct arena *a)
{
        struct clearance clearance = {};

        build(plan, a, &clearance);
        return clearance;
}

/* What a boot decides by, and no more: a serial number that shows at one time and not at another changes nothing. */
static uint64_t hash(struct arena *a, const struct clearance *clearance)
{
        uint64_t h = 0;

        for (size_t i = 0; i < clearance->n_devices; i++) {
                const struct clearance_device *d = &clearance->devices[i];
                const char *line =
                        arena_join(a, d->rule, "\t", d->path, "\t", d->id, "\t", d->cleared ? "cleared" : "known", "\t",
                                   *d->withheld ? "withheld" : "", NULL);

                /* Whatever their order: one that is away comes last. */
                h += str_hash(STR_HASH_START, line, strlen(line));
        }
        return h;
}

bool cleared_hash(const struct root *root, struct arena *a, const struct plan *plan, uint64_t *ret)
{
        struct clearance clearance = cleared_now(plan, a);
        const char *context = clearance_context(root, a);
        size_t size;

        /* Under another root= the clearance of an image has lapsed. */
        *ret = str_hash(STR_HASH_START, context, strlen(context)) + hash(a, &clearance);
        return clearance_format(root, a, &clearance, &size);
}

enum cleared cleared_anew(const struct root *root, struct arena *a, const struct plan *plan, char **ret)
{
        const struct clearance *old = &plan->facts->clearance;
        struct clearance clearance = cleared_now(plan, a);
        size_t size;

        if (hash(a, &clearance) == hash(a, old) && !old->lapsed)
                return CLEARED_AS_BEFORE;
        *ret = clearance_format(root, a, &clearance, &size);
        return *ret ? CLEARED_ANEW : CLEARED_UNKNOWN_MACHINE;
}

int cleared_write(const struct root *root, struct arena *a, const struct plan *plan, const struct root *image)
{
        const struct root *const roots[] = {image, root};
        struct clearance clearance = {};
        size_t size;
        char *text;
        int k = 0;

        build(plan, a, &clearance);
        text = clearance_format(root, a, &clearance, &size);
        if (!text)
                return CLEARED_UNKNOWN_MACHINE;
        for (size_t i = 0; k == 0 && i < ARRAY_SIZE(roots); i++)
                k = root_replace(roots[i], CLEARANCE_PATH, text, size);
        return k;
}
