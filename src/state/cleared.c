/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/cleared.h"

#include <string.h>

#include "base/str.h"
#include "facts/facts.h"
#include "guard/evidence.h"

static const char *text(const char *s)
{
        return s ? s : "";
}

/*
 * An image is built at odd times, too: in an update without a network, say, or by a service that sees none. Where it
 * does not show which interface the host answers on, what was known before stands.
 */
static bool network_shows(const struct evidence *e)
{
        if (e->network_unknown || e->uplink_unknown)
                return false;
        for (size_t i = 0; i < e->n_uses; i++)
                if (e->nodes[e->uses[i].node].kind == NODE_INTERFACE)
                        return true;
        return false;
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

static void add(const struct plan *plan, struct arena *a, const struct plan_entry *e, struct clearance *clearance)
{
        const struct facts *facts = plan->facts;
        const struct device *d = &facts->devices[e->device];
        const struct rule *rule = &plan->config->rules[e->rule];
        struct clearance_device *r =
                arena_grow(a, &clearance->devices, clearance->n_devices, sizeof(*clearance->devices));
        const struct clearance_device *known = before(facts, rule, d);
        bool unsure = d->roles & (ROLE_NETWORK | ROLE_USB) && !network_shows(facts->evidence);
        const char *withheld = text(unsure && !e->needed && known ? known->withheld : e->needed);
        bool cleared = !*withheld && (!unsure || !(d->roles & ROLE_NETWORK) || (known && known->cleared));
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
                .withheld = withheld,
        };
        for (enum mark m = 0; m < MARK_MAX_; m++)
                r->marks[m] = text(d->marks[m]);
        /* A disk that is in a guest's hands tells its own to nobody here. */
        if (!d->marks[MARK_DISK_SERIAL] && known)
                r->marks[MARK_DISK_SERIAL] = known->marks[MARK_DISK_SERIAL];
        r->company = arena_alloc(a, n * sizeof(*r->company));
        for (; r->n_company < n; r->n_company++) {
                const struct device *m = &facts->devices[facts->by_group[first + r->n_company]];

                r->company[r->n_company] = arena_join(a, m->path, "=", m->id, NULL);
        }
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

/* Whoever is taken, kept, or needed by the host. */
static void build(const struct plan *plan, struct arena *a, struct clearance *clearance)
{
        for (size_t i = 0; i < plan->n_entries; i++) {
                const struct plan_entry *e = &plan->entries[i];
                const struct clearance_device *known = NULL;

                if (plan->config->rules[e->rule].invalid)
                        continue;
                if (e->action != ACTION_REFUSE || e->needed)
                        add(plan, a, e, clearance);
                else
                        known = stands(plan, e);
                if (known)
                        *(struct clearance_device *)arena_grow(a, &clearance->devices, clearance->n_devices++,
                                                               sizeof(*clearance->devices)) = *known;
        }
        /* Who is away today is not forgotten: another may sit there by the next boot. */
        for (size_t i = 0; i < plan->n_lost; i++) {
                struct clearance_device *r =
                        arena_grow(a, &clearance->devices, clearance->n_devices, sizeof(*clearance->devices));

                *r = *plan->lost[i];
                clearance->n_devices++;
        }
}

/* What a boot decides by, and no more: a serial number that shows at one time and not at another changes nothing. */
bool cleared_hash(const struct root *root, struct arena *a, const struct plan *plan, uint64_t *ret)
{
        struct clearance clearance = {};
        const char *context = clearance_context(root, a);
        size_t size;
        bool known;

        build(plan, a, &clearance);
        known = clearance_format(root, a, &clearance, &size);
        /* Under another root= the clearance of an image has lapsed. */
        *ret = str_hash(STR_HASH_START, context, strlen(context));
        for (size_t i = 0; i < clearance.n_devices; i++) {
                const struct clearance_device *d = &clearance.devices[i];
                const char *line =
                        arena_join(a, d->rule, "\t", d->path, "\t", d->id, "\t", d->cleared ? "cleared" : "known", "\t",
                                   *d->withheld ? "withheld" : "", NULL);

                /* Whatever their order: one that is away comes last. */
                *ret += str_hash(STR_HASH_START, line, strlen(line));
        }
        return known;
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
