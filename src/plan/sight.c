/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/sight.h"

#include "base/str.h"
#include "facts/identity.h"
#include "guard/evidence.h"

static bool seen(const struct evidence *e, const char *source)
{
        return str_index(source, e->seen, e->n_seen) >= 0;
}

/* Evidence of that kind could speak of the device: USB carries all there is. */
static bool speaks_of(const char *source, const struct device *d)
{
        if (startswith(source, "people:"))
                return d->roles & ROLE_USB || d->bus->interfaces;
        if (startswith(source, "network:"))
                return !(d->roles & ROLE_STORAGE);
        return true;
}

static bool as_much(const struct facts *facts, const struct device *d)
{
        const struct clearance *c = &facts->clearance;

        for (size_t i = 0; i < c->n_seen; i++)
                if (speaks_of(c->seen[i], d) && !seen(facts->evidence, c->seen[i]))
                        return false;
        return true;
}

/* Something has that job; NULL: any job of that kind. */
static bool done(const struct evidence *e, const char *job, bool network)
{
        for (size_t i = 0; i < e->n_uses; i++)
                if (job ? streq(e->uses[i].what, job) : (e->nodes[e->uses[i].node].kind == NODE_INTERFACE) == network)
                        return true;
        return false;
}

static bool storage_shows(const struct evidence *e)
{
        return e->sees_storage && !evidence_storage_unknown(e) && done(e, NULL, false);
}

static bool network_shows(const struct evidence *e)
{
        return e->sees_network && !e->network_unknown && !e->uplink_unknown && !e->up_unknown &&
               (e->no_uplink || done(e, NULL, true));
}

/* What the host cannot be without has to be seen done; of the rest, it does that something is. */
static bool job_shows(const struct evidence *e, const struct clearance_device *r, bool network)
{
        /* Earlier versions do not say which it was: each of them could be. */
        bool known = r->withheld_kind != REASON_MATCHED;

        if ((!known || streq_ptr(r->needed_for, USE_ROOT)) && !done(e, USE_ROOT, network))
                return false;
        return (known && !streq_ptr(r->needed_for, USE_DEFAULT_ROUTE)) || (!known && !network) || e->no_uplink ||
               done(e, USE_DEFAULT_ROUTE, network);
}

bool sight_stands(const struct facts *facts, const struct clearance_device *r, const struct device *d)
{
        const struct evidence *e = facts->evidence;

        if (facts->booting || facts->arriving)
                return true;
        /* The host runs without it at this moment. */
        if (driver_sets_aside(d->driver_now))
                return false;
        if (!as_much(facts, d))
                return true;
        /* A serial line may be the uplink's. */
        if (!roles_guarded(d->roles) && !(d->roles & ROLE_SERIAL))
                return false;
        if (d->roles & ROLE_STORAGE)
                return !storage_shows(e) || !job_shows(e, r, false);
        if ((d->roles & ROLE_USB || d->bus->interfaces) && (!e->sees_keyboards || e->keyboards_unknown || e->token))
                return true;
        return !e->sees_storage || evidence_storage_unknown(e) || !network_shows(e) || !job_shows(e, r, true);
}

const struct clearance_device *sight_withheld(const struct facts *facts, const struct device *d)
{
        for (size_t i = 0; i < facts->clearance.n_devices; i++) {
                const struct clearance_device *r = &facts->clearance.devices[i];

                if (*r->withheld && identity_may_be(r, d) && sight_stands(facts, r, d))
                        return r;
        }
        return NULL;
}

bool sight_clears(const struct facts *facts, const struct device *d)
{
        const struct evidence *e = facts->evidence;

        if ((d->roles & (ROLE_STORAGE | ROLE_USB) || d->bus->interfaces) && !seen(e, "storage:/proc/self/mountinfo"))
                return false;
        /* An uplink may be on each of these. */
        if (!(d->roles & (ROLE_NETWORK | ROLE_USB | ROLE_SERIAL)) && !d->bus->interfaces)
                return true;
        return !e->network_unknown && !e->uplink_unknown && (e->no_uplink || e->bridge_alone || done(e, NULL, true));
}
