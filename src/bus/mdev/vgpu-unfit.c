/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands against making the virtual GPUs of a parent, and what is waited for. Pure. */
#include <strings.h>

#include "base/str.h"
#include "bus/mdev/vgpu-making.h"
#include "config/driver.h"
#include "facts/uuid.h"
#include "guard/evidence.h"

/* ---- what is there ----------------------------------------------------------------------------------------------- */

size_t vgpu_carrier_of(const struct making *m, const struct vgpu_parent *x, const char *address)
{
        for (size_t i = 0; i < x->is.n_carriers; i++)
                if (streq_ptr(m->plan->facts->devices[x->is.carriers[i].device].address, address))
                        return i;
        return SIZE_MAX;
}

/* What the plan has for a virtual function, or NULL. */
static const struct plan_entry *entry_of(const struct making *m, const struct vgpu_carrier *c)
{
        return c->index == UINT32_MAX ? NULL : plan_find(m->plan, c->device);
}

static bool is_others(const struct making *m, const struct vgpu_parent *x, const struct plan_entry *e)
{
        return e && e->rule != m->plan->entries[x->entry].rule;
}

const char *vgpu_withheld(const struct making *m, const struct vgpu_parent *x, size_t carrier)
{
        const struct plan_entry *e = entry_of(m, &x->is.carriers[carrier]);
        const char *address = m->plan->facts->devices[x->is.carriers[carrier].device].address;

        if (is_others(m, x, e))
                return arena_join(m->arena, "rule ", m->plan->config->rules[e->rule].name, " decides ", address, NULL);
        return e && e->action == ACTION_REFUSE ? arena_join(m->arena, address, " is refused: ", e->reason, NULL) : NULL;
}

size_t vgpu_existing(const struct making *m, const struct vgpu_parent *x, uint32_t index)
{
        char uuid[VGPU_UUID_SIZE];

        for (size_t i = 0; x->is.kind == VGPU_VENDOR && i < x->is.n_carriers; i++)
                if (x->is.carriers[i].index == index)
                        return streq_ptr(x->is.carriers[i].current, "0") ||
                                               is_others(m, x, entry_of(m, &x->is.carriers[i]))
                                       ? NO_DEVICE
                                       : x->is.carriers[i].device;
        if (x->is.kind != VGPU_MEDIATED || !uuid_of(rule_of(m), m->plan->facts, device_of(m), index, uuid))
                return NO_DEVICE;
        return facts_find(m->plan->facts, uuid);
}

const struct vgpu_type *vgpu_type_for(const struct making *m, const struct vgpu_parent *x, uint32_t index)
{
        uint32_t at;
        const struct vgpu_section *s = vgpu_section_of(rule_of(m)->vgpu, index, &at);

        return vgpu_meant_by(&x->is, s->type).type;
}

/* The type that one has now: of a virtual function its number, of a mediated device its id. */
static const char *type_now(const struct making *m, const struct vgpu_parent *x, size_t device)
{
        const struct device *d = &m->plan->facts->devices[device];
        size_t carrier = vgpu_carrier_of(m, x, d->address);

        return x->is.kind == VGPU_VENDOR && carrier != SIZE_MAX ? x->is.carriers[carrier].current : d->vgpu;
}

/* ---- types ------------------------------------------------------------------------------------------------------- */

static const char *unfit_types(const struct making *m, struct vgpu_parent *x)
{
        const struct vgpu *vgpu = rule_of(m)->vgpu;

        for (size_t i = 0; i < vgpu->n_sections; i++) {
                const struct vgpu_section *s = &vgpu->sections[i];
                struct vgpu_meant meant = vgpu_meant_by(&x->is, s->type);

                if (!meant.type) {
                        x->trouble = vgpu_takes_instance(device_of(m), &x->is, s->type) ? VGPU_INSTANCE : VGPU_NO_TYPE;
                        return vgpu_unknown_type(m->arena, device_of(m), &x->is, s->type);
                }
                if (meant.offered && !meant.type->counted)
                        return arena_join(m->arena, "cannot see how many of ", meant.type->name, " fit", NULL);
                if (s->n_uuids > 0 && x->is.kind == VGPU_VENDOR)
                        return "its virtual GPUs are virtual functions, which have no UUIDs; leave UUID= out";
        }
        return NULL;
}

/* One that is there is another, and goes only where nobody uses it. */
static const char *unfit_existing(const struct making *m, const struct vgpu_parent *x, uint32_t index)
{
        size_t there = vgpu_existing(m, x, index), carrier;
        const struct device *d = there == NO_DEVICE ? NULL : &m->plan->facts->devices[there];
        const char *now = d ? type_now(m, x, there) : NULL, *user;

        if (!d)
                return NULL;
        carrier = vgpu_carrier_of(m, x, x->is.kind == VGPU_VENDOR ? d->address : d->parent);
        if (carrier == SIZE_MAX)
                return arena_join(m->arena, "the mediated device ", d->address, " is there already, of ", d->parent,
                                  NULL);
        if (!now || !*now)
                return arena_join(m->arena, "cannot see which type ", d->address, " has", NULL);
        if (m->aim == VGPU_AT_BOOT || (m->aim == VGPU_NOW && streq(now, vgpu_type_for(m, x, index)->id)))
                return NULL;
        if (m->aim == VGPU_NOW && vgpu_withheld(m, x, carrier))
                return vgpu_withheld(m, x, carrier);
        user = x->is.kind == VGPU_VENDOR ? x->is.carriers[carrier].user
               : d->vfio_user            ? arena_join(m->arena, d->address, ": ", d->vfio_user, NULL)
                                         : m->plan->facts->evidence->busy_unknown;
        if (!user)
                return NULL;
        return arena_join(m->arena, "in use: ", user,
                          m->aim == VGPU_GONE ? "" : arena_join(m->arena, "; it has the type ", now, NULL), NULL);
}

/* ---- who else makes them ----------------------------------------------------------------------------------------- */

static bool is_service(const struct vgpu_owner *o)
{
        return !o->uuid && !o->unreadable;
}

static bool is_ours(const struct making *m, const struct vgpu_parent *x, const char *uuid)
{
        char ours[VGPU_UUID_SIZE];

        for (uint32_t i = 0; i < x->count; i++)
                if (uuid_of(rule_of(m), m->plan->facts, device_of(m), i, ours) && streq(ours, uuid))
                        return true;
        return false;
}

/* It may be about this parent, or about one of its virtual functions. */
static bool is_near(const struct making *m, const struct vgpu_parent *x, const struct vgpu_owner *o)
{
        return !o->parent || streq(o->parent, device_of(m)->address) || vgpu_carrier_of(m, x, o->parent) != SIZE_MAX;
}

static const char *both(const struct making *m, struct vgpu_parent *x, const struct vgpu_owner *o, const char *what)
{
        x->trouble = VGPU_OWNED;
        x->owner = o;
        return arena_join(m->arena, "both ", o->who, " and ", rule_of(m)->file, what, "; keep one of the two", NULL);
}

/* Of the type that the rule wants, on a carrier of it: what automatic definitions will still take. */
static uint32_t taken_by_others(const struct making *m, const struct vgpu_parent *x, const char *type,
                                const struct vgpu_owner **ret)
{
        uint32_t n = 0;

        for (size_t i = 0; i < x->is.n_owners; i++) {
                const struct vgpu_owner *o = &x->is.owners[i];
                size_t carrier = o->parent ? vgpu_carrier_of(m, x, o->parent) : SIZE_MAX;

                if (!o->uuid || !o->automatic || o->unreadable || carrier == SIZE_MAX ||
                    facts_find(m->plan->facts, o->uuid) != NO_DEVICE)
                        continue;
                /* A virtual function has room for one, whatever its type. */
                if (x->is.carriers[carrier].index == UINT32_MAX && !streq(o->type, type))
                        continue;
                *ret = o;
                n++;
        }
        return n;
}

/* How many of a type can be made beside those that are there; those of the rule count as room where they go first. */
static uint32_t room_for(const struct making *m, const struct vgpu_parent *x, const char *type)
{
        uint32_t n = 0;

        for (size_t i = 0; i < x->is.n_carriers; i++) {
                const struct vgpu_type *t = vgpu_type_of(&x->is.carriers[i], type);

                n += t && t->counted ? t->available : 0;
        }
        for (uint32_t i = 0; i < x->count; i++)
                n += vgpu_existing(m, x, i) != NO_DEVICE;
        return n;
}

static const char *unfit_mdevctl(const struct making *m, struct vgpu_parent *x)
{
        const struct vgpu *vgpu = rule_of(m)->vgpu;

        for (size_t i = 0; i < vgpu->n_sections; i++) {
                const struct vgpu_type *t = vgpu_meant_by(&x->is, vgpu->sections[i].type).type;
                const struct vgpu_owner *o = NULL;
                uint32_t taken = taken_by_others(m, x, t->id, &o), room = o ? room_for(m, x, t->id) : 0, wanted = 0;

                for (uint32_t k = 0; o && k < x->count; k++)
                        wanted += streq(vgpu_type_for(m, x, k)->id, t->id);
                if (o && room >= wanted && room - wanted < taken)
                        return both(m, x, o,
                                    arena_printf(m->arena, " make virtual GPUs of it, and it has room for %u of %s",
                                                 room, t->name));
        }
        return NULL;
}

static bool has_uuid(const struct vgpu *vgpu, const char *uuid)
{
        for (size_t i = 0; i < vgpu->n_sections; i++)
                if (str_index(uuid, vgpu->sections[i].uuids, vgpu->sections[i].n_uuids) >= 0)
                        return true;
        return false;
}

/* A host has a UUID once, whatever the parent; the rule that comes first has it. */
static const char *unfit_rules(const struct making *m)
{
        const struct config *config = m->plan->config;
        const struct vgpu *vgpu = rule_of(m)->vgpu;

        for (const struct rule *r = config->rules; r < rule_of(m); r++)
                for (size_t i = 0; r->vgpu && !r->invalid && i < vgpu->n_sections; i++)
                        for (size_t k = 0; k < vgpu->sections[i].n_uuids; k++)
                                if (has_uuid(r->vgpu, vgpu->sections[i].uuids[k]) &&
                                    match_machine(r, m->plan->facts) == YES)
                                        return arena_join(m->arena, "rule ", r->name,
                                                          " has UUID=", vgpu->sections[i].uuids[k],
                                                          ", too; write another one", NULL);
        return NULL;
}

static const char *unfit_owners(const struct making *m, struct vgpu_parent *x)
{
        bool mediated = x->is.kind == VGPU_MEDIATED;
        bool functions = x->is.n_carriers > 0 ? x->is.carriers[0].index != UINT32_MAX : x->is.manage != NULL;

        for (size_t i = 0; i < x->is.n_owners; i++) {
                const struct vgpu_owner *o = &x->is.owners[i];

                if (o->unreadable && (mediated || functions) && is_near(m, x, o)) {
                        x->trouble = VGPU_OWNED;
                        x->owner = o;
                        return arena_join(m->arena, "cannot see whether ", o->who, " makes virtual GPUs of it, as ",
                                          rule_of(m)->file, " does", NULL);
                }
                if (mediated && o->uuid && is_ours(m, x, o->uuid))
                        return both(m, x, o, arena_join(m->arena, " make the mediated device ", o->uuid, NULL));
                if (functions && is_service(o) &&
                    (streq(o->parent, device_of(m)->address) ||
                     (streq(o->parent, "ALL") && startswith(device_of(m)->id, "10de:"))))
                        return both(m, x, o, " make its virtual functions");
        }
        return mediated ? unfit_mdevctl(m, x) : NULL;
}

/* ---- virtual functions ------------------------------------------------------------------------------------------- */

bool vgpu_needs_functions(const struct making *m, const struct vgpu_parent *x)
{
        /* One that shows is there, whatever their number says. */
        bool none = x->is.enabled == 0 && x->is.n_carriers == 0;

        return m->aim != VGPU_GONE && x->is.manage && x->is.total > 0 && (m->aim == VGPU_AT_BOOT || none);
}

/* sriov-manage takes the function away from its driver, and gives it back. */
static const char *unfit_for_functions(const struct making *m, const struct vgpu_parent *x)
{
        const struct plan_entry *e = &m->plan->entries[x->entry];
        const char *unknown = m->plan->facts->evidence->busy_unknown;

        if (e->needed && !(m->aim == VGPU_AT_BOOT && e->by_process))
                return arena_join(m->arena, e->by_process ? "in use: " : "the host needs it: ", e->needed,
                                  ", and its virtual functions are made while no driver has it", NULL);
        if (e->unknown || unknown)
                return e->unknown ? e->unknown : arena_join(m->arena, "not cleared: ", unknown, NULL);
        return NULL;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static bool is_unreadable(const struct vgpu_parent *x)
{
        for (size_t i = 0; i < x->is.n_carriers; i++)
                if (x->is.carriers[i].unreadable)
                        return true;
        return false;
}

static bool has_uuids(const struct making *m, const struct vgpu_parent *x)
{
        char uuid[VGPU_UUID_SIZE];

        for (uint32_t i = 0; i < x->count; i++)
                if (!uuid_of(rule_of(m), m->plan->facts, device_of(m), i, uuid))
                        return false;
        return true;
}

const char *vgpu_unfit(const struct making *m, struct vgpu_parent *x)
{
        const struct device *d = device_of(m);
        const char *why = NULL;

        if (d->stuck)
                return d->stuck;
        if (d->driver && driver_sets_aside(d->driver))
                return arena_join(m->arena, d->driver, " has it, which makes no virtual GPUs", NULL);
        if (m->aim != VGPU_GONE && vgpu_plain(d, &x->is))
                return "each of its virtual functions is a virtual GPU, without a type; leave Type= out";
        if (is_unreadable(x))
                return "cannot see which virtual GPUs it offers";
        if (x->is.kind == VGPU_MEDIATED && !has_uuids(m, x))
                return "cannot see this host's machine-id, which their UUIDs follow from; write UUID=";
        if (m->aim != VGPU_GONE && x->is.kind != VGPU_NONE)
                why = unfit_types(m, x);
        if (!why && m->aim != VGPU_GONE)
                why = unfit_rules(m);
        if (!why && m->aim != VGPU_GONE)
                why = unfit_owners(m, x);
        for (uint32_t i = 0; i < vgpu_count(rule_of(m)->vgpu) && !why; i++)
                why = unfit_existing(m, x, i);
        if (!why && x->is.total > 0 && x->is.kind != VGPU_MEDIATED && x->count > x->is.total)
                why = arena_printf(m->arena, "it has at most %u virtual functions, and the rule wants %u virtual GPUs",
                                   x->is.total, x->count);
        if (!why && vgpu_needs_functions(m, x))
                why = unfit_for_functions(m, x);
        return why;
}

const char *vgpu_waits(const struct making *m, const struct vgpu_parent *x)
{
        const struct device *d = device_of(m);

        if (m->aim == VGPU_GONE || x->is.kind != VGPU_NONE || vgpu_needs_functions(m, x))
                return NULL;
        if (!d->driver_now && !d->bus->syntax->made)
                return "a driver";
        return arena_join(m->arena, "its driver", d->driver_now ? ", " : "", d->driver_now ? d->driver_now : "",
                          d->driver_now ? "," : "", " to offer virtual GPUs", NULL);
}
