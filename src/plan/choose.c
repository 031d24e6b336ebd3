/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rule decides which device, with which driver, at which stage, and what comes along. */
#include <fnmatch.h>

#include "base/str.h"
#include "config/sriov.h"
#include "config/vgpu.h"
#include "facts/match.h"
#include "plan/planner.h"

#define MATCHED "the rule matches it"

/* As libvirt chooses: of the aliases that fit, the one with the fewest wildcards. */
static const char *variant_driver(const struct planner *p, const struct device *d)
{
        const char *best = DRIVER_VFIO_PCI;
        size_t fewest = SIZE_MAX;
        char alias[80];

        if (!d->bus->vfio)
                return best;
        d->bus->alias(d, d->bus->vfio, alias, sizeof(alias));
        for (size_t i = 0; i < p->facts->n_variants; i++) {
                const struct variant *v = &p->facts->variants[i];
                size_t wildcards = 0;

                if (fnmatch(v->pattern, alias, 0) != 0)
                        continue;
                for (const char *c = v->pattern; *c; c++)
                        wildcards += *c == '*';
                if (wildcards < fewest) {
                        fewest = wildcards;
                        best = streq(v->module, "vfio_pci") ? DRIVER_VFIO_PCI : v->module;
                }
        }
        return best;
}

static const char *driver_for(const struct planner *p, const struct rule *rule, const struct device *d)
{
        const char *name = rule->driver_name;
        enum driver_choice choice = rule->sriov && match_makes(rule, p->facts, d)
                                            ? sriov_keys_used->driver(rule->sriov, d->index, &name)
                                            : rule->driver;

        switch (choice) {
        case DRIVER_NATIVE:
                return NULL;
        case DRIVER_AUTO:
                return variant_driver(p, d);
        case DRIVER_NAMED:
                break;
        }
        return d->bus->syntax->taken_by ? d->bus->syntax->taken_by : name;
}

bool planner_makes(const struct planner *p, const struct plan_entry *e)
{
        return match_makes(&p->config->rules[e->rule], p->facts, entry_device(p, e));
}

static bool has_buses(const struct device *d)
{
        return d->roles & (ROLE_USB | ROLE_GUARDED);
}

bool planner_on_display(const struct planner *p, const struct plan_entry *e)
{
        const struct device *d = entry_device(p, e);
        const struct device *leader = e->leader == NO_ENTRY ? NULL : entry_device(p, &p->plan->entries[e->leader]);

        return leader && p->facts->clearance.elsewhere && leader->roles & ROLE_DISPLAY && has_buses(d) &&
               device_same_make(leader, d);
}

/* A display goes with its USB and I2C functions, of which an image from elsewhere knows nothing before their drivers.
 */
static bool waits_for_buses(const struct planner *p, const struct rule *rule, size_t device)
{
        const struct device *d = &p->facts->devices[device];
        size_t first, n;

        if (!p->facts->in_initrd || !p->facts->clearance.elsewhere || !(d->roles & ROLE_DISPLAY) ||
            rule->functions == FUNCTIONS_MATCH)
                return false;
        n = facts_card(p->facts, device, &first);
        for (size_t i = first; i < first + n; i++)
                if (i != device && has_buses(&p->facts->devices[i]) && device_same_make(d, &p->facts->devices[i]))
                        return true;
        return false;
}

/*
 * What the host may boot from, answer on or be typed at waits until the root file system is known; storage that the
 * host itself has cleared does not have to, where it is known by more than its place and its kind.
 */
static enum stage stage_for(const struct planner *p, const struct rule *rule, size_t device)
{
        const struct device *d = &p->facts->devices[device];
        const struct identity *identity = &p->identities[device];

        if (d->bus->syntax->taken_by)
                return rule->stage == STAGE_DEMAND ? STAGE_DEMAND : STAGE_HOST;
        if (d->roles & ROLE_STORAGE && (rule->stage == STAGE_AUTO || rule->stage == STAGE_INITRD))
                return identity->cleared && identity->early && !p->facts->clearance.elsewhere ? STAGE_INITRD
                                                                                              : STAGE_ROOT;
        if (rule->stage != STAGE_AUTO)
                return rule->stage;
        if (waits_for_buses(p, rule, device))
                return STAGE_ROOT;
        return d->roles & (ROLE_NETWORK | ROLE_USB | ROLE_SERIAL) ? STAGE_ROOT : STAGE_INITRD;
}

static void shadow(struct planner *p, size_t device, size_t rule, size_t by)
{
        struct plan *plan = p->plan;
        struct plan_shadow *s = arena_grow(p->arena, &plan->shadows, plan->n_shadows, sizeof(*plan->shadows));

        *s = (struct plan_shadow){.device = device, .rule = rule, .by = by};
        plan->n_shadows++;
}

/* How a device was told that is not where it was; NULL: it is matched, no more. */
static const char *why_moved(const struct planner *p, size_t device, const struct rule *rule)
{
        const struct identity *identity = &p->identities[device];

        return identity->moved && identity->rule == rule ? identity->moved : NULL;
}

/* The driver that a virtual function is to have; NULL: the host's own. */
static const char *driver_of_function(const struct planner *p, const struct rule *r, const struct device *d)
{
        /* Those that are too many go with the next change of their number. */
        bool stays = r->sriov && (r->sriov->kind != VF_COUNT_NUMBER || d->index < r->sriov->count);
        /* With another driver it could be given none. One that has its type is the guard's to refuse. */
        bool lacks_type = r->vgpu && !vgpu_typed(r->vgpu) && d->vgpu && !device_is_vgpu(d);

        return sriov_keys_used && d->index != UINT32_MAX && stays && !lacks_type ? driver_for(p, r, d) : NULL;
}

/* One that the rule makes is not among those that it counts. */
static void decide_made(struct planner *p, size_t device, size_t rule)
{
        const struct device *d = &p->facts->devices[device];
        const struct rule *r = &p->config->rules[rule];
        /* A type that somebody else has set on one that is too many is not the rule's. */
        bool vgpu = r->vgpu && vgpu_typed(r->vgpu) && device_is_vgpu(d) &&
                    match_made_index(r, p->facts, d) < vgpu_count(r->vgpu);
        const char *driver = match_machine(r, p->facts) != YES ? NULL
                             : vgpu                            ? d->driver_now
                                                               : driver_of_function(p, r, d);
        struct plan_entry *e;

        planner_add(p, device, rule, driver ? ACTION_BIND : ACTION_KEEP, vgpu ? REASON_MATCHED : REASON_OTHER,
                    !driver ? "it stays with the host"
                    : vgpu  ? "a virtual GPU that the rule makes"
                            : "a virtual function that the rule makes");
        e = &p->plan->entries[p->entry_of[device]];
        e->driver = driver;
        e->stage = rule_on_demand(r) ? STAGE_DEMAND : STAGE_HOST;
}

static void decide(struct planner *p, size_t device, size_t rule)
{
        const struct rule *r = &p->config->rules[rule];
        const struct device *d = &p->facts->devices[device];
        const char *impostor, *moved = why_moved(p, device, r);
        bool native = r->driver == DRIVER_NATIVE;
        struct plan_entry *e;

        if (match_makes(r, p->facts, d)) {
                decide_made(p, device, rule);
                return;
        }

        planner_impostor(p, device, r, &impostor);
        planner_add(p, device, rule, native ? ACTION_KEEP : ACTION_BIND,
                    native || moved ? REASON_OTHER : REASON_MATCHED,
                    native  ? "Driver=native: it stays with the host"
                    : moved ? moved
                            : MATCHED);
        e = &p->plan->entries[p->entry_of[device]];
        e->driver = driver_for(p, r, d);
        e->stage = stage_for(p, r, device);
        /* It is none of those that the rule counts on. */
        if (impostor && e->action == ACTION_BIND) {
                planner_refuse_for(e, REASON_IMPOSTOR, impostor, NULL, NULL);
                return;
        }
        /* A bridge is no device that a rule could count: naming one is a slip that gets its answer, no more. */
        p->plan->rules[rule].n_matched += !(d->roles & ROLE_BRIDGE) || native;
}

/* A rule that is wrong takes nothing, and what it may be meant for stays with the host, whatever later rules say. */
static void keep(struct planner *p, size_t device, size_t rule)
{
        const struct rule *r = &p->config->rules[rule];

        planner_add(p, device, rule, ACTION_KEEP, REASON_OTHER,
                    arena_printf(p->arena, "it stays with the host until rule %s, which %s, is corrected: %s", r->name,
                                 r->unread ? "may be meant for it" : "matches it", r->message));
}

void planner_match(struct planner *p)
{
        for (size_t i = 0; i < p->facts->n_devices; i++) {
                size_t unread = NO_RULE;

                for (size_t r = 0; r < p->n_matching; r++) {
                        const struct rule *rule = &p->config->rules[r];
                        size_t entry = p->entry_of[i];

                        if (rule->invalid && rule->decides && entry == NO_ENTRY && unread == NO_RULE) {
                                if (rule->unread)
                                        unread = r;
                                else if (match_may(rule, p->facts, &p->facts->devices[i]))
                                        keep(p, i, r);
                        }
                        if (rule->invalid || p->plan->rules[r].state == RULE_SKIPPED ||
                            (!match_device(&p->config->rules[r], p->facts, &p->facts->devices[i]) &&
                             !planner_follows(p, i, &p->config->rules[r])))
                                continue;
                        if (entry == NO_ENTRY && unread != NO_RULE && rule->driver != DRIVER_NATIVE) {
                                keep(p, i, unread);
                                shadow(p, i, r, unread);
                        } else if (entry == NO_ENTRY) {
                                decide(p, i, r);
                        } else {
                                shadow(p, i, r, p->plan->entries[entry].rule);
                        }
                }
                if (p->asked && p->asked[i] != NO_RULE && p->entry_of[i] == NO_ENTRY)
                        decide(p, i, p->asked[i]);
        }
}

/* What a rule that was switched off would have spoken of stays with the host, and shows. */
void planner_skipped(struct planner *p)
{
        for (size_t i = 0; i < p->facts->n_devices; i++)
                for (size_t r = 0; r < p->n_matching && p->entry_of[i] == NO_ENTRY; r++) {
                        const struct plan_rule *state = &p->plan->rules[r];

                        if (state->state == RULE_SKIPPED && !state->elsewhere &&
                            match_device(&p->config->rules[r], p->facts, &p->facts->devices[i]))
                                planner_add(p, i, r, ACTION_KEEP, state->why.kind, state->message);
                }
}

/* The chipset's parts without a driver are known to get none; early in a boot, if the host recorded it so. */
bool planner_leaves(const struct planner *p, const struct plan_entry *e, size_t device)
{
        const struct device *d = &p->facts->devices[device];
        const struct clearance_device *is = p->identities[e->device].is;

        if (d->roles & ROLE_CHIPSET)
                return !d->driver || streq(d->driver, "pcieport");
        if (!(d->roles & ROLE_UNDRIVEN) || p->identities[device].is)
                return false;
        for (size_t i = 0; is && i < is->n_company; i++)
                if (clearance_names(is->company[i], d->path, d->id))
                        return true;
        return false;
}

/*
 * Takes a device along with the entry at position leader, unless some rule decides it already. More than what a rule is
 * for comes with what is above it: that takes a rule of its own.
 */
static void accompany(struct planner *p, size_t leader, size_t device, const char *format, ...) _printf_(4, 5);
static void accompany(struct planner *p, size_t leader, size_t device, const char *format, ...)
{
        const struct plan_entry *l = &p->plan->entries[leader];
        const struct rule *rule = &p->config->rules[l->rule];
        const struct device *d = &p->facts->devices[device];
        struct plan_entry *e;
        const char *reason;
        va_list ap;

        if (p->entry_of[device] != NO_ENTRY || d->roles & ROLE_BRIDGE || planner_leaves(p, l, device) ||
            facts_is_below(p->facts, l->device, device))
                return;
        va_start(ap, format);
        reason = arena_vprintf(p->arena, format, ap);
        va_end(ap);
        planner_add(p, device, l->rule, ACTION_BIND, REASON_OTHER, reason);
        e = &p->plan->entries[p->entry_of[device]];
        l = &p->plan->entries[leader];
        e->leader = leader;
        e->stage = l->stage;
        e->driver = rule->driver == DRIVER_AUTO ? variant_driver(p, d) : l->driver;
}

bool planner_takes_slot(const struct planner *p, const struct plan_entry *e)
{
        const struct rule *rule = &p->config->rules[e->rule];
        const struct device *d = entry_device(p, e);

        /* A virtual function has no slot of its own. */
        return !d->parent &&
               (rule->functions == FUNCTIONS_SLOT || (rule->functions == FUNCTIONS_DEFAULT && d->roles & ROLE_DISPLAY));
}

static void with_slot(struct planner *p, size_t leader)
{
        size_t device = p->plan->entries[leader].device, first, n = facts_card(p->facts, device, &first);

        for (size_t i = first; i < first + n; i++)
                if (device_same_make(&p->facts->devices[device], &p->facts->devices[i]))
                        accompany(p, leader, i, "in the slot of %s", p->facts->devices[device].address);
}

static void with_group(struct planner *p, size_t leader)
{
        const struct device *d = entry_device(p, &p->plan->entries[leader]);
        size_t first, n = d->group == NO_GROUP ? 0 : facts_group(p->facts, d->group, &first);

        for (size_t i = 0; i < n; i++)
                accompany(p, leader, p->facts->by_group[first + i], "in IOMMU group %d with %s", d->group, d->address);
}

/* ---- what hangs below ------------------------------------------------------------------------------------------ */

/*
 * When a driver lets go of VMD's controller, all functions of its domain go away, as virtual functions do with their
 * physical one (drivers/pci/controller/vmd.c, vmd_remove(); drivers/pci/iov.c).
 */
size_t planner_carrier(const struct planner *p, size_t device)
{
        size_t found = NO_ENTRY;

        for (size_t up = p->facts->below[device]; up != NO_DEVICE; up = p->facts->below[up]) {
                const struct plan_entry *e = p->entry_of[up] == NO_ENTRY ? NULL : &p->plan->entries[p->entry_of[up]];
                const struct device *d = &p->facts->devices[up];
                struct reason why = {};

                /* What is on another bus than its controller does not go along: controllers.c judges the two. */
                if (e && e->action == ACTION_BIND && d->bus == p->facts->devices[device].bus &&
                    !(d->roles & ROLE_BRIDGE) &&
                    !(d->bus->refuse && d->bus->refuse(p->arena, &p->config->rules[e->rule], d, &why)))
                        found = p->entry_of[up];
        }
        return found;
}

void planner_carry(struct planner *p, struct plan_entry *e, size_t carrier)
{
        const struct plan_entry *c = carrier == NO_ENTRY ? NULL : &p->plan->entries[carrier];
        const struct rule *rule = &p->config->rules[e->rule];
        const char *moved = why_moved(p, e->device, rule);
        bool own = c && c->rule == e->rule;

        e->below = carrier;
        e->driver = c ? c->driver : driver_for(p, rule, entry_device(p, e));
        if (e->leader != NO_ENTRY)
                return;
        e->reason = moved ? moved : MATCHED;
        e->kind = c || moved ? REASON_OTHER : REASON_MATCHED;
        if (c)
                e->reason = arena_join(p->arena, moved ? moved : "", moved ? "; " : "", "below ",
                                       entry_device(p, c)->address, own ? "" : ", which rule ",
                                       own ? "" : p->config->rules[c->rule].name, own ? "" : " takes",
                                       ": it goes along with it", NULL);
}

/* Bridges and parts of the chipset that are below go along, too, and nobody asks after them. */
static void with_all_below(struct planner *p)
{
        for (size_t i = 0; i < p->facts->n_devices; i++) {
                size_t carrier;

                if (p->entry_of[i] != NO_ENTRY ||
                    p->facts->devices[i].roles & (ROLE_BRIDGE | ROLE_CHIPSET | ROLE_UNDRIVEN))
                        continue;
                carrier = planner_carrier(p, i);
                if (carrier != NO_ENTRY)
                        accompany(p, carrier, i, "below %s: it goes along with it",
                                  entry_device(p, &p->plan->entries[carrier])->address);
        }
}

void planner_companions(struct planner *p)
{
        /* Companions are appended behind, and bring no companions of the slot of their own. */
        size_t n = p->plan->n_entries;

        for (size_t i = 0; i < n; i++) {
                const struct plan_entry *e = &p->plan->entries[i];

                if (e->action == ACTION_BIND && planner_takes_slot(p, e))
                        with_slot(p, i);
        }
        with_all_below(p);
        for (size_t i = 0; i < p->plan->n_entries; i++) {
                const struct plan_entry *e = &p->plan->entries[i];

                if (e->action == ACTION_BIND && p->config->rules[e->rule].group == GROUP_COMPLETE)
                        with_group(p, i);
        }
        with_all_below(p);
        for (size_t i = 0; i < p->plan->n_entries; i++) {
                struct plan_entry *e = &p->plan->entries[i];
                size_t carrier = e->action == ACTION_BIND ? planner_carrier(p, e->device) : NO_ENTRY;

                if (carrier != NO_ENTRY)
                        planner_carry(p, e, carrier);
        }
}
