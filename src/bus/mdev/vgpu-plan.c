/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual GPUs of each parent, and what makes them, in order: what is another than it is to be goes first; then
 * each is made where there is room for it. Who carries that out reads again what fits before each. Pure.
 */
#include "base/str.h"
#include "bus/mdev/vgpu-making.h"
#include "facts/uuid.h"

#define PARENT SIZE_MAX /* of the carriers: none of them */
#define ALL    UINT32_MAX
#define MANY   UINT16_MAX /* nobody knows how many fit */

/* What is left of a parent while its virtual GPUs are given places. */
struct places {
        uint32_t **left; /* by carrier and type: how many more fit */
        bool *unknown;   /* by carrier: something goes first, so that nobody knows */
        uint32_t *taken; /* by virtual GPU: the carrier, counted from 1; 0: none */
        bool *stays;     /* by virtual GPU: it is there already */
};

static struct vgpu_op *add(const struct making *m, enum vgpu_phase phase, size_t carrier, uint32_t index, struct op op)
{
        struct vgpu_op *x = arena_grow(m->arena, &m->vgpu->ops, m->vgpu->n_ops++, sizeof(*m->vgpu->ops));

        *x = (struct vgpu_op){.op = op, .phase = phase, .parent = m->parent, .carrier = carrier, .index = index};
        x->op.stage = STAGE_HOST;
        x->op.entry = m->vgpu->parents[m->parent].entry;
        return x;
}

static const struct device *on(const struct making *m, const struct vgpu_parent *x, size_t carrier)
{
        return &m->plan->facts->devices[x->is.carriers[carrier].device];
}

static void promise(const struct making *m, uint32_t index, const char *address, const char *carrier, const char *type)
{
        struct vgpu_device *d =
                arena_grow(m->arena, &m->vgpu->devices, m->vgpu->n_devices++, sizeof(*m->vgpu->devices));
        bool mediated = m->vgpu->parents[m->parent].is.kind == VGPU_MEDIATED;

        *d = (struct vgpu_device){.parent = m->parent,
                                  .index = index,
                                  .bus = mediated ? mdev_syntax.name : device_of(m)->bus->syntax->name,
                                  .address = address,
                                  .on = carrier,
                                  .type = type};
}

/* ---- virtual functions ------------------------------------------------------------------------------------------- */

static void add_functions(const struct making *m, const struct vgpu_parent *x)
{
        const char *dir = device_of(m)->sysfs;

        if (!x->is.autoprobe)
                add(m, VGPU_FUNCTIONS, PARENT, ALL,
                    (struct op){.kind = OP_WRITE,
                                .target = arena_join(m->arena, dir, "/sriov_drivers_autoprobe", NULL),
                                .value = "1",
                                .why = "its driver has to take the virtual functions"});
        add(m, VGPU_FUNCTIONS, PARENT, ALL,
            (struct op){.kind = OP_RUN,
                        .target = x->is.manage,
                        .value = arena_join(m->arena, "-e ", device_of(m)->address, NULL),
                        .why = "makes all its virtual functions; its driver lets go of it meanwhile"});
        add(m, VGPU_FUNCTIONS, PARENT, ALL,
            (struct op){.kind = OP_VERIFY,
                        .target = arena_join(m->arena, dir, "/driver", NULL),
                        .value = VENDOR_DRIVER,
                        .why = "the program may succeed and leave it without one"});
        for (uint32_t i = 0; i < x->count; i++)
                add(m, VGPU_FUNCTIONS, PARENT, i,
                    (struct op){.kind = OP_VERIFY,
                                .target = arena_printf(m->arena, "%s/virtfn%u/driver", dir, i),
                                .value = VENDOR_DRIVER,
                                .why = "virtual machines open it through that driver"});
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

static void count_left(const struct making *m, const struct vgpu_parent *x, struct places *p)
{
        p->left = arena_alloc(m->arena, x->is.n_carriers * sizeof(*p->left));
        p->unknown = arena_alloc(m->arena, x->is.n_carriers * sizeof(*p->unknown));
        p->taken = arena_alloc(m->arena, x->count * sizeof(*p->taken));
        p->stays = arena_alloc(m->arena, x->count * sizeof(*p->stays));
        for (size_t c = 0; c < x->is.n_carriers; c++) {
                const struct vgpu_carrier *carrier = &x->is.carriers[c];

                p->left[c] = arena_alloc(m->arena, carrier->n_types * sizeof(**p->left));
                for (size_t t = 0; t < carrier->n_types; t++)
                        p->left[c][t] = carrier->types[t].counted ? carrier->types[t].available : 0;
        }
}

/* One that goes makes room: for its own type one, for others nobody knows; on a card of NVIDIA's, for all of it. */
static void make_room(const struct vgpu_parent *x, struct places *p, size_t carrier, const char *type)
{
        const struct vgpu_type *t = vgpu_type_of(&x->is.carriers[carrier], type);
        bool alone = x->is.carriers[carrier].index == ALL && t;

        for (size_t c = 0; c < x->is.n_carriers; c++)
                p->unknown[c] |= !alone;
        for (size_t i = 0; alone && i < x->is.carriers[carrier].n_types; i++)
                if (&x->is.carriers[carrier].types[i] == t)
                        p->left[carrier][i]++;
                else
                        p->left[carrier][i] = MANY;
}

/* Whether one more of that type fits there; what goes there first may have another, then nobody knows. */
static bool fits(const struct vgpu_parent *x, const struct places *p, size_t carrier, const char *type)
{
        const struct vgpu_type *t = vgpu_type_of(&x->is.carriers[carrier], type);

        return p->unknown[carrier] || (t && p->left[carrier][t - x->is.carriers[carrier].types] > 0);
}

static void take(const struct vgpu_parent *x, struct places *p, size_t carrier, const char *type)
{
        const struct vgpu_carrier *c = &x->is.carriers[carrier];
        const struct vgpu_type *t = vgpu_type_of(c, type);

        if (t && p->left[carrier][t - c->types] > 0)
                p->left[carrier][t - c->types]--;
        if (c->index == ALL)
                return;
        /* A virtual function has room for one. */
        p->unknown[carrier] = false;
        for (size_t i = 0; i < c->n_types; i++)
                p->left[carrier][i] = 0;
}

/* Where the virtual GPU goes, or SIZE_MAX. */
static size_t place_for(const struct making *m, const struct vgpu_parent *x, const struct places *p, uint32_t index,
                        const char *type)
{
        for (size_t c = 0; c < x->is.n_carriers; c++)
                if ((x->is.kind == VGPU_MEDIATED || x->is.carriers[c].index == index) && fits(x, p, c, type) &&
                    !vgpu_withheld(m, x, c))
                        return c;
        return SIZE_MAX;
}

/* Of a type of which a whole card has so many at most: all that are there, and those that come before that one. */
static bool is_full(const struct making *m, const struct vgpu_parent *x, const struct places *p, uint32_t index,
                    const struct vgpu_type *type)
{
        uint32_t n = 0;

        if (type->most == 0 || x->is.carriers[0].index == ALL)
                return false;
        for (uint32_t i = 0; i < index; i++)
                n += p->taken[i] && !p->stays[i] && streq(vgpu_type_for(m, x, i)->id, type->id);
        for (size_t i = 0; i < m->plan->facts->n_devices; i++) {
                const struct device *d = &m->plan->facts->devices[i];

                if (m->aim == VGPU_NOW && d->bus->syntax->made && streq_ptr(d->vgpu, type->id) &&
                    vgpu_carrier_of(m, x, d->parent) != SIZE_MAX)
                        n++;
        }
        return n >= type->most;
}

/* ---- what goes, and what comes ----------------------------------------------------------------------------------- */

static void remove_one(const struct making *m, const struct vgpu_parent *x, uint32_t index, size_t device,
                       const char *why)
{
        const struct device *d = &m->plan->facts->devices[device];
        bool vendor = x->is.kind == VGPU_VENDOR;

        add(m, VGPU_MAKE, vgpu_carrier_of(m, x, vendor ? d->address : d->parent), index,
            (struct op){.kind = OP_WRITE,
                        .target = arena_join(m->arena, d->sysfs, vendor ? "/" VENDOR_CURRENT : "/remove", NULL),
                        .value = vendor ? "0" : "1",
                        .why = why,
                        .task = arena_join(m->arena, "removing ", d->address, NULL)});
}

static void remove_all(const struct making *m, const struct vgpu_parent *x)
{
        for (uint32_t i = 0; i < vgpu_count(rule_of(m)->vgpu); i++) {
                size_t there = vgpu_existing(m, x, i);

                if (there != NO_DEVICE)
                        remove_one(m, x, i, there, "it goes away");
        }
}

/* Those that are there: at boot they are not; those of another type go. */
static void settle_existing(const struct making *m, struct vgpu_parent *x, struct places *p)
{
        for (uint32_t i = 0; i < x->count; i++) {
                size_t there = vgpu_existing(m, x, i), carrier;
                const struct device *d = there == NO_DEVICE ? NULL : &m->plan->facts->devices[there];
                const char *now;

                if (!d)
                        continue;
                carrier = vgpu_carrier_of(m, x, x->is.kind == VGPU_VENDOR ? d->address : d->parent);
                now = x->is.kind == VGPU_VENDOR ? x->is.carriers[carrier].current : d->vgpu;
                if (m->aim == VGPU_NOW && streq(now, vgpu_type_for(m, x, i)->id)) {
                        p->taken[i] = (uint32_t)carrier + 1;
                        p->stays[i] = true;
                        x->here++;
                        continue;
                }
                if (!streq(now, vgpu_type_for(m, x, i)->id))
                        x->changes = arena_join(m->arena, x->changes ? x->changes : "", x->changes ? ", " : "",
                                                d->address, " has the type ", now,
                                                m->aim == VGPU_NOW ? " and goes first" : " until then", NULL);
                make_room(x, p, carrier, now);
                if (m->aim == VGPU_NOW)
                        remove_one(m, x, i, there,
                                   arena_join(m->arena, "it has another type, ", now, ", and nobody uses it", NULL));
        }
}

static void add_attributes(const struct making *m)
{
        const struct vgpu *vgpu = rule_of(m)->vgpu;

        for (size_t i = 0; i < vgpu->n_sections; i++)
                for (size_t k = 0; k < vgpu->sections[i].n_attributes; k++)
                        add(m, VGPU_MAKE, PARENT, ALL,
                            (struct op){.kind = OP_WRITE,
                                        .target = arena_join(m->arena, device_of(m)->sysfs, "/",
                                                             vgpu->sections[i].attributes[k].name, NULL),
                                        .value = vgpu->sections[i].attributes[k].value,
                                        .why = "Attribute="});
}

static void make_one(const struct making *m, const struct vgpu_parent *x, uint32_t index, size_t carrier)
{
        const struct vgpu_type *t = vgpu_type_for(m, x, index);
        const struct device *d = on(m, x, carrier);
        char uuid[VGPU_UUID_SIZE];
        struct op op = {.kind = OP_WRITE,
                        .target = arena_join(m->arena, d->sysfs, "/" VENDOR_CURRENT, NULL),
                        .value = t->id,
                        .why = arena_join(m->arena, "makes it a ", t->name, NULL),
                        .task = arena_join(m->arena, "making ", d->address, " a ", t->name, NULL)};
        const char *address = d->address;

        if (x->is.kind == VGPU_MEDIATED && uuid_of(rule_of(m), m->plan->facts, device_of(m), index, uuid)) {
                address = op.value = arena_strdup(m->arena, uuid);
                op.target = arena_join(m->arena, d->sysfs, "/" MDEV_TYPES "/", t->id, "/create", NULL);
                op.why = arena_join(m->arena, "makes a ", t->name, NULL);
                op.task = arena_join(m->arena, "making a ", t->name, " of ", d->address, NULL);
        }
        add(m, VGPU_MAKE, carrier, index, op);
        if (vgpu_existing(m, x, index) == NO_DEVICE || m->aim == VGPU_NOW)
                promise(m, index, address, d->address, t->id);
}

static bool is_set(const struct vgpu_carrier *c)
{
        return c->current && !streq(c->current, "0");
}

/* A card of NVIDIA's offers one size at a time: that of what is there. */
static bool has_other_size(const struct making *m, const struct vgpu_parent *x, const struct vgpu_type *type)
{
        bool other = false;

        for (size_t c = 0; startswith(device_of(m)->id, "10de:") && c < x->is.n_carriers; c++)
                for (size_t i = 0; i < x->is.carriers[c].n_types && !is_set(&x->is.carriers[c]); i++) {
                        const struct vgpu_type *t = &x->is.carriers[c].types[i];

                        if (streq(t->id, type->id) && t->available > 0)
                                return false;
                        other |= t->available > 0 && vgpu_gigabytes(t->name) != vgpu_gigabytes(type->name);
                }
        return other;
}

/* Why the virtual function that is to be that virtual GPU can be none. */
static const char *without(const struct making *m, const struct vgpu_parent *x, uint32_t index)
{
        for (size_t i = 0; i < m->plan->facts->n_devices; i++) {
                const struct device *d = &m->plan->facts->devices[i];

                if (d->index != index || !streq_ptr(d->parent, device_of(m)->address))
                        continue;
                if (d->stuck)
                        return arena_join(m->arena, d->address, ": ", d->stuck, NULL);
                return arena_join(m->arena, d->address, d->driver_now ? " is bound to " : " has no driver",
                                  d->driver_now ? d->driver_now : "",
                                  d->driver_now ? ", which makes no virtual GPU of it" : "", NULL);
        }
        return arena_printf(m->arena, "%zu of its virtual functions can be virtual GPUs", x->is.n_carriers);
}

/* Why one finds no place. */
static const char *full(const struct making *m, struct vgpu_parent *x, uint32_t index, uint32_t fit)
{
        const struct vgpu_type *t = vgpu_type_for(m, x, index);
        const char *why = NULL;
        bool function = false;

        for (size_t c = 0; c < x->is.n_carriers; c++) {
                bool own = x->is.kind == VGPU_MEDIATED || x->is.carriers[c].index == index;

                function |= own;
                why = own && !why ? vgpu_withheld(m, x, c) : why;
        }
        if (why)
                return arena_printf(m->arena, "%u of %u fit: %s", fit, x->count, why);
        x->trouble = VGPU_FULL;
        if (!function)
                why = without(m, x, index);
        else if (startswith(device_of(m)->id, "10de:") && vgpu_needs_instance(t->name)) {
                x->trouble = VGPU_INSTANCE;
                why = vgpu_instance_text(m->arena, device_of(m));
        } else if (has_other_size(m, x, t)) {
                x->trouble = VGPU_UNLIKE;
                why = vgpu_unlike_text(m->arena, device_of(m), &x->is, rule_of(m)->name);
        }
        return arena_printf(m->arena, "%u of %u fit: there is no room for %s %s%s%s", fit, x->count,
                            fit == 0 ? "a" : "another", t->name, why ? "; " : "", why ? why : "");
}

/* The first place that each finds. */
static uint32_t find_places(const struct making *m, const struct vgpu_parent *x, struct places *p)
{
        uint32_t found = 0;

        for (uint32_t i = 0; i < x->count; i++) {
                const struct vgpu_type *t = vgpu_type_for(m, x, i);
                size_t carrier = SIZE_MAX;

                if (!p->stays[i] && !is_full(m, x, p, i, t))
                        carrier = place_for(m, x, p, i, t->id);
                if (carrier != SIZE_MAX) {
                        take(x, p, carrier, t->id);
                        p->taken[i] = (uint32_t)carrier + 1;
                }
                found += p->taken[i] > 0;
        }
        return found;
}

static void make_all(const struct making *m, struct vgpu_parent *x)
{
        struct places p;
        uint32_t fit;

        count_left(m, x, &p);
        settle_existing(m, x, &p);
        fit = find_places(m, x, &p);
        if (fit > x->here)
                add_attributes(m);
        for (uint32_t i = 0; i < x->count; i++)
                if (!p.taken[i])
                        x->fewer = x->fewer ? x->fewer : full(m, x, i, fit);
                else if (!p.stays[i])
                        make_one(m, x, i, p.taken[i] - 1);
}

/* ---- parents ----------------------------------------------------------------------------------------------------- */

static void tell(const struct making *m, enum rule_state worse, const char *why)
{
        struct plan_rule *state = &m->plan->rules[m->plan->entries[m->vgpu->parents[m->parent].entry].rule];
        bool others = state->state == RULE_REFUSED || state->state == RULE_MISSING;

        if (!others) {
                state->device = device_of(m)->address;
                state->why = reason_say(REASON_OTHER, why);
        }
        /* The other parents of the rule go on; each is named. */
        state->message = arena_join(m->arena, others ? state->message : "", others ? "; " : "", device_of(m)->address,
                                    ": ", why, NULL);
        if (state->state != RULE_REFUSED)
                state->state = worse;
}

/* Before anything is there nobody knows what its driver calls them, nor whether they are virtual functions. */
static void promise_unseen(const struct making *m, const struct vgpu_parent *x)
{
        for (uint32_t i = 0; i < x->count; i++) {
                uint32_t at;

                promise(m, i, NULL, NULL, vgpu_section_of(rule_of(m)->vgpu, i, &at)->type);
        }
}

static bool has_unlike(const struct making *m, const struct vgpu_parent *x)
{
        for (uint32_t i = 1; i < x->count && x->is.kind != VGPU_NONE; i++)
                if (startswith(device_of(m)->id, "10de:") &&
                    vgpu_gigabytes(vgpu_type_for(m, x, i)->name) != vgpu_gigabytes(vgpu_type_for(m, x, 0)->name))
                        return true;
        return false;
}

/* They stand beside each other now. */
static bool are_there(const struct making *m, const struct vgpu_parent *x)
{
        for (uint32_t i = 0; i < x->count; i++) {
                size_t there = vgpu_existing(m, x, i);

                if (there == NO_DEVICE || !streq_ptr(m->plan->facts->devices[there].vgpu, vgpu_type_for(m, x, i)->id))
                        return false;
        }
        return true;
}

static void say(const struct making *m, const struct vgpu_parent *x)
{
        struct plan_rule *state = &m->plan->rules[m->plan->entries[x->entry].rule];
        uint32_t n = x->count - x->here;
        const char *more = x->waits ? arena_join(m->arena, "it waits for ", x->waits, NULL) : x->unlike;

        if (m->aim == VGPU_GONE || state->state != RULE_OK || n == 0)
                return;
        state->message =
                arena_printf(m->arena, "%s%s%u %sof %s%s%s%s%s", state->message, *state->message ? ", " : "makes ", n,
                             *state->message ? ""
                             : n == 1        ? "virtual GPU "
                                             : "virtual GPUs ",
                             device_of(m)->address, x->changes ? "; " : "", x->changes ? x->changes : "",
                             more ? "; " : "", more ? more : "");
}

static void add_parent(struct making *m, size_t entry, const struct vgpu_facts *looked)
{
        struct vgpu_parent *x = arena_grow(m->arena, &m->vgpu->parents, m->vgpu->n_parents, sizeof(*m->vgpu->parents));

        m->parent = m->vgpu->n_parents++;
        *x = (struct vgpu_parent){.entry = entry, .is = *looked};
        x->count = m->aim == VGPU_GONE ? 0 : vgpu_count(rule_of(m)->vgpu);
        x->refused = vgpu_unfit(m, x);
        if (x->refused) {
                x->trouble = x->trouble == VGPU_FINE ? VGPU_OTHER : x->trouble;
                tell(m, RULE_REFUSED, x->refused);
                return;
        }
        x->waits = vgpu_waits(m, x);
        if (m->aim == VGPU_GONE)
                remove_all(m, x);
        if (vgpu_needs_functions(m, x))
                add_functions(m, x);
        if (m->aim != VGPU_GONE && x->is.kind == VGPU_NONE)
                promise_unseen(m, x);
        else if (m->aim != VGPU_GONE) {
                x->unlike =
                        has_unlike(m, x) ? vgpu_unlike_text(m->arena, device_of(m), &x->is, rule_of(m)->name) : NULL;
                make_all(m, x);
        }
        if (x->fewer)
                tell(m, RULE_MISSING, x->fewer);
        else if (m->aim != VGPU_GONE && has_unlike(m, x) && !are_there(m, x))
                x->trouble = VGPU_UNLIKE;
        say(m, x);
}

static bool is_fit(const struct plan *plan, const struct plan_entry *e)
{
        const struct rule *rule = &plan->config->rules[e->rule];
        const struct plan_rule *state = &plan->rules[e->rule];

        /* Of more than the rule expects nobody knows which one is meant. */
        return rule->vgpu && vgpu_typed(rule->vgpu) && !rule->invalid && e->action == ACTION_KEEP &&
               (state->state == RULE_OK || state->state == RULE_REFUSED || state->state == RULE_MISSING) &&
               state->n_matched <= rule->expect_max && !plan->facts->devices[e->device].parent &&
               match_machine(rule, plan->facts) == YES;
}

void vgpu_plan_add(struct plan *plan, const struct vgpu_facts *looked, enum vgpu_aim aim, struct arena *a)
{
        struct vgpu_plan *vgpu = arena_alloc(a, sizeof(*vgpu));
        struct making m = {.arena = a, .plan = plan, .vgpu = vgpu, .aim = aim};

        for (size_t i = 0; i < plan->n_entries; i++)
                if (is_fit(plan, &plan->entries[i]))
                        add_parent(&m, i, &looked[i]);
        plan->vgpu = vgpu;
}

static void read_owners(const struct root *root, struct arena *a, const struct strings *gone, struct vgpu_owner **ret,
                        size_t *ret_n)
{
        struct vgpu_owner *all;
        size_t n;

        vgpu_owners_read(root, a, &all, &n);
        *ret = all;
        *ret_n = 0;
        for (size_t i = 0; i < n; i++)
                if (str_index(all[i].who, gone->v, gone->n) < 0)
                        all[(*ret_n)++] = all[i];
}

void vgpu_plan(const struct root *root, struct arena *a, enum vgpu_aim aim, struct plan *plan)
{
        vgpu_plan_without(root, a, aim, &(struct strings){}, plan);
}

void vgpu_plan_without(const struct root *root, struct arena *a, enum vgpu_aim aim, const struct strings *gone,
                       struct plan *plan)
{
        struct vgpu_facts *looked = arena_alloc(a, plan->n_entries * sizeof(*looked));
        struct vgpu_owner *owners = NULL;
        size_t n_owners = 0;
        bool any = false;

        for (size_t i = 0; i < plan->n_entries; i++) {
                if (!plan->config->rules[plan->entries[i].rule].vgpu)
                        continue;
                if (!any)
                        read_owners(root, a, gone, &owners, &n_owners);
                any = true;
                vgpu_look(root, a, plan->facts, plan->entries[i].device, &looked[i]);
                vgpu_recall(root, a, plan->facts, &plan->config->rules[plan->entries[i].rule], &looked[i]);
                looked[i].owners = owners;
                looked[i].n_owners = n_owners;
        }
        vgpu_plan_add(plan, looked, aim, a);
}
