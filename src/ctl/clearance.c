/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host that is up knows of the devices of its rules, written down for boots in which nothing of that shows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/ctl.h"
#include "guard/evidence.h"

static const char *text(const char *s)
{
        return s ? s : "";
}

/*
 * An image is built at odd times, too: in an update without a network, say. Where no interface at all carries anything,
 * which one the host answers on does not show, and what was known before stands.
 */
static bool network_shows(const struct ctl *c)
{
        for (size_t i = 0; i < c->facts.evidence->n_uses; i++)
                if (c->facts.evidence->nodes[c->facts.evidence->uses[i].node].kind == NODE_INTERFACE)
                        return true;
        return false;
}

/* What is known of the device from before: the same one, by place and ID, for the same rule. NULL for nothing. */
static const struct clearance_device *before(const struct ctl *c, const struct rule *rule, const struct device *d)
{
        for (size_t i = 0; i < c->facts.clearance.n_devices; i++) {
                const struct clearance_device *r = &c->facts.clearance.devices[i];

                if (r->digest == rule->digest && streq(r->rule, rule->name) && streq(r->path, d->path) &&
                    streq(r->id, d->id))
                        return r;
        }
        return NULL;
}

static void add_cleared(struct ctl *c, const struct plan_entry *e, struct clearance *clearance)
{
        const struct device *d = &c->facts.devices[e->device];
        const struct rule *rule = &c->config.rules[e->rule];
        struct clearance_device *r =
                arena_grow(&c->arena, &clearance->devices, clearance->n_devices, sizeof(*clearance->devices));
        const struct clearance_device *known = before(c, rule, d);
        bool sure = !(d->roles & ROLE_NETWORK) || network_shows(c) || (known && known->cleared);
        size_t first, n = d->group == NO_GROUP ? 0 : facts_group(&c->facts, d->group, &first);

        clearance->n_devices++;
        *r = (struct clearance_device){
                .rule = rule->name,
                .digest = rule->digest,
                .address = d->address,
                .path = d->path,
                .id = d->id,
                .companion = e->leader != NO_ENTRY,
                .cleared = e->action == ACTION_BIND && sure,
                .withheld = text(e->needed),
        };
        for (enum mark m = 0; m < MARK_MAX_; m++)
                r->marks[m] = text(d->marks[m]);
        /* A disk that is in a guest's hands tells its own to nobody here. */
        if (!d->marks[MARK_DISK_SERIAL] && known)
                r->marks[MARK_DISK_SERIAL] = known->marks[MARK_DISK_SERIAL];
        r->company = arena_alloc(&c->arena, n * sizeof(*r->company));
        for (; r->n_company < n; r->n_company++) {
                const struct device *m = &c->facts.devices[c->facts.by_group[first + r->n_company]];

                r->company[r->n_company] = arena_join(&c->arena, m->path, "=", m->id, NULL);
        }
}

/* Whoever is taken, kept, or needed by the host. */
static void build(struct ctl *c, struct clearance *clearance)
{
        for (size_t i = 0; i < c->plan.n_entries; i++)
                if ((c->plan.entries[i].action != ACTION_REFUSE || c->plan.entries[i].needed) &&
                    !c->config.rules[c->plan.entries[i].rule].invalid)
                        add_cleared(c, &c->plan.entries[i], clearance);
        /* Who is away today is not forgotten: another may sit there by the next boot. */
        for (size_t i = 0; i < c->plan.n_lost; i++) {
                struct clearance_device *r =
                        arena_grow(&c->arena, &clearance->devices, clearance->n_devices, sizeof(*clearance->devices));

                *r = *c->plan.lost[i];
                clearance->n_devices++;
        }
}

/* What a boot decides by, and no more: a serial number that shows at one time and not at another changes nothing. */
bool ctl_hash_clearance(struct ctl *c, uint64_t *ret)
{
        struct clearance clearance = {};
        const char *context = clearance_context(&c->root, &c->arena);
        size_t size;
        bool known;

        build(c, &clearance);
        known = clearance_format(&c->root, &c->arena, &clearance, &size);
        /* Under another root= the clearance of an image has lapsed. */
        *ret = str_hash(STR_HASH_START, context, strlen(context));
        for (size_t i = 0; i < clearance.n_devices; i++) {
                const struct clearance_device *d = &clearance.devices[i];
                const char *line =
                        arena_join(&c->arena, d->rule, "\t", d->path, "\t", d->id, "\t",
                                   d->cleared ? "cleared" : "known", "\t", *d->withheld ? "withheld" : "", NULL);

                /* Whatever their order: one that is away comes last. */
                *ret += str_hash(STR_HASH_START, line, strlen(line));
        }
        return known;
}

/* For the image, and for what is planned on the host until the next one. */
int ctl_write_clearance(struct ctl *c, const struct root *image)
{
        const struct root *const roots[] = {image, &c->root};
        struct clearance clearance = {};
        char *text;
        size_t size;
        int k = 0;

        build(c, &clearance);
        text = clearance_format(&c->root, &c->arena, &clearance, &size);
        if (!text)
                fputs("no clearance of this host for its devices: its firmware has no UUID to know it by\n", stderr);
        for (size_t i = 0; text && k == 0 && i < ARRAY_SIZE(roots); i++) {
                k = root_make_parents(roots[i], CLEARANCE_PATH);
                if (k == 0)
                        k = root_replace(roots[i], CLEARANCE_PATH, text, size);
        }
        return k;
}
