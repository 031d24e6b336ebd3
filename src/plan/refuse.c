/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must not be taken: alone, or because of what shares its IOMMU group or comes with it. */
#include <errno.h>

#include "base/str.h"
#include "guard/evidence.h"
#include "plan/planner.h"

static const struct module *module_of(const struct planner *p, const char *name)
{
        for (size_t i = 0; i < p->facts->n_modules; i++)
                if (streq(p->facts->modules[i].name, name))
                        return &p->facts->modules[i];
        return NULL;
}

/* What makes a device unfit whatever else is taken. */
static void refuse_alone(struct planner *p, struct plan_entry *e)
{
        const struct device *d = entry_device(p, e);
        const struct rule *rule = &p->config->rules[e->rule];
        const struct module *module = module_of(p, e->driver);
        const char *uncleared;

        if (d->bridge) {
                planner_refuse(p, e,
                               "it is a bridge, and bridges are never handed over; the device behind it has a "
                               "longer Path=");
                return;
        }
        if (d->stuck) {
                planner_refuse(p, e, "%s", d->stuck);
                return;
        }
        e->needed = p->needed[e->device];
        e->refusal = REFUSAL_HOST;
        if (e->needed) {
                planner_refuse(p, e, "%s: %s", p->by_process[e->device] ? "in use" : "the host needs it", e->needed);
                return;
        }
        if (p->facts->evidence->busy_unknown && d->driver && !driver_is_vfio(d->driver)) {
                planner_refuse(p, e, "not cleared: %s", p->facts->evidence->busy_unknown);
                return;
        }
        /* What the host had in its hands need not be in them again yet. */
        if (p->facts->booting && p->identities[e->device].is && *p->identities[e->device].is->withheld) {
                planner_refuse(p, e, "the host needed it when this image was built: %s",
                               p->identities[e->device].is->withheld);
                return;
        }
        e->refusal = REFUSAL_OTHER;
        if (module && module->state == MODULE_ABSENT) {
                planner_refuse(p, e, "driver %s is not there: kernel %s has no such module and no such driver",
                               e->driver, p->facts->kernel);
                return;
        }
        e->refusal = REFUSAL_GROUP;
        if (driver_is_vfio(e->driver) && d->group == NO_GROUP) {
                planner_refuse(p, e, "it has no IOMMU group: the IOMMU is off or not there");
                return;
        }
        if (driver_is_vfio(e->driver) && d->group_stranger) {
                planner_refuse(p, e,
                               "IOMMU group %d also holds %s, which is no PCI function that could be taken with it",
                               d->group, d->group_stranger);
                return;
        }
        e->refusal = REFUSAL_OTHER;
        if (d->boot_display == YES && !rule->allow_boot_display) {
                planner_refuse(p, e, "the firmware booted on this display; AllowBootDisplay=yes takes it all the same");
                return;
        }
        if (d->boot_display == UNKNOWN && !rule->allow_boot_display) {
                planner_refuse(p, e,
                               "whether the firmware booted on this display is not known (no boot_vga); "
                               "AllowBootDisplay=yes takes it all the same");
                return;
        }
        if (d->vfs_enabled > 0) {
                planner_refuse(p, e, "%u of its virtual functions are enabled; hand those over, or disable them first",
                               d->vfs_enabled);
                return;
        }
        uncleared = planner_uncleared(p, e);
        e->refusal = uncleared ? REFUSAL_HOST : REFUSAL_OTHER;
        if (uncleared) {
                planner_refuse(p, e, "not cleared: %s", uncleared);
                return;
        }
}

/* A member of a group does not stand in the way of its users (Documentation/driver-api/vfio.rst). */
static bool harmless(const struct planner *p, size_t device)
{
        const struct device *d = &p->facts->devices[device];
        const struct plan_entry *e = p->entry_of[device] == NO_ENTRY ? NULL : &p->plan->entries[p->entry_of[device]];

        if (d->transparent)
                return true;
        return e && e->action == ACTION_BIND && driver_sets_aside(e->driver);
}

/* Half a group is of no use until the other half is there, and that half may yet be refused. */
static bool comes_later(const struct planner *p, const struct plan_entry *e, size_t device)
{
        return p->entry_of[device] != NO_ENTRY && p->plan->entries[p->entry_of[device]].action == ACTION_BIND &&
               p->plan->entries[p->entry_of[device]].stage > e->stage;
}

static void refuse_for_member(struct planner *p, struct plan_entry *e, size_t member)
{
        const struct device *d = entry_device(p, e), *m = &p->facts->devices[member];
        const char *name = class_name(m->class);
        const struct plan_entry *other =
                p->entry_of[member] == NO_ENTRY ? NULL : &p->plan->entries[p->entry_of[member]];

        if (!name)
                name = m->class;
        e->refusal = REFUSAL_GROUP;
        if (m->bridge) {
                planner_refuse(p, e, "IOMMU group %d also holds %s (%s), a bridge that the host drives", d->group,
                               m->address, m->id);
                return;
        }
        e->in_company = !other;
        if (!other) {
                planner_refuse(p, e,
                               "IOMMU group %d also holds %s (%s, %s), which the rule does not take; "
                               "see IOMMUGroup=complete",
                               d->group, m->address, m->id, name);
                return;
        }
        if (other->action == ACTION_KEEP) {
                planner_refuse(p, e, "IOMMU group %d also holds %s (%s, %s), which rule %s leaves to the host",
                               d->group, m->address, m->id, name, p->config->rules[other->rule].name);
                return;
        }
        if (comes_later(p, e, member)) {
                planner_refuse(p, e,
                               "IOMMU group %d also holds %s (%s, %s), which waits for the root stage; Stage=root "
                               "for both would keep them together",
                               d->group, m->address, m->id, name);
                return;
        }
        if (other->action == ACTION_BIND) {
                planner_refuse(p, e, "IOMMU group %d also holds %s (%s, %s), which goes to driver %s", d->group,
                               m->address, m->id, name, other->driver);
                return;
        }
        e->derived = true;
        planner_refuse(p, e, "IOMMU group %d also holds %s (%s, %s), which is refused", d->group, m->address, m->id,
                       name);
}

/* Both say, and not the same. */
static bool differ(const char *a, const char *b)
{
        return a && b && !streq(a, b);
}

/* "Group=kvm" of what one rule wants otherwise than the other; NULL where they go together. */
static const char *other_access(struct arena *a, const struct node_access *x, const struct node_access *y)
{
        if (differ(x->owner, y->owner))
                return arena_join(a, "Owner=", y->owner, NULL);
        if (differ(x->group, y->group))
                return arena_join(a, "Group=", y->group, NULL);
        return arena_join(a, "Mode=", node_access_mode(y), NULL);
}

/* All of a group have one node (/dev/vfio/GROUP), and who may open it has them all. */
static void refuse_for_access(struct planner *p, struct plan_entry *e)
{
        const struct device *d = entry_device(p, e);
        const struct node_access *mine = &p->config->rules[e->rule].node;
        size_t first, n = driver_is_vfio(e->driver) ? facts_group(p->facts, d->group, &first) : 0;

        for (size_t k = 0; k < n; k++) {
                size_t member = p->entry_of[p->facts->by_group[first + k]];
                const struct plan_entry *m = member == NO_ENTRY ? NULL : &p->plan->entries[member];
                const struct node_access *theirs = m ? &p->config->rules[m->rule].node : NULL;
                const char *what;

                if (!m || m->rule == e->rule || m->action == ACTION_KEEP || !driver_is_vfio(m->driver) ||
                    (!differ(mine->owner, theirs->owner) && !differ(mine->group, theirs->group) &&
                     !differ(node_access_mode(mine), node_access_mode(theirs))))
                        continue;
                what = other_access(p->arena, mine, theirs);
                e->refusal = REFUSAL_GROUP;
                planner_refuse(p, e,
                               "IOMMU group %d also holds %s, for which rule %s has %s; the group has one "
                               "node, write the same in both",
                               d->group, p->facts->devices[m->device].address, p->config->rules[m->rule].name, what);
                return;
        }
}

/* 1 where it was refused for its company, */
static int refuse_in_company(struct planner *p, size_t i)
{
        struct plan_entry *e = &p->plan->entries[i];
        const struct device *d = entry_device(p, e);
        size_t first, n = driver_is_vfio(e->driver) ? facts_group(p->facts, d->group, &first) : 0;
        struct plan_entry *leader = e->leader == NO_ENTRY ? NULL : &p->plan->entries[e->leader];

        if (leader && leader->action == ACTION_REFUSE) {
                e->derived = true;
                planner_refuse(p, e, "it comes with %s, which is refused", entry_device(p, leader)->address);
                return 1;
        }
        for (size_t k = 0; k < n; k++)
                if (!harmless(p, p->facts->by_group[first + k]) || comes_later(p, e, p->facts->by_group[first + k])) {
                        refuse_for_member(p, e, p->facts->by_group[first + k]);
                        return 1;
                }
        /* A companion of two is one rule's, and holds the other's back all the same. */
        if (e->leader == NO_ENTRY && planner_takes_slot(p, e)) {
                struct pci_address at = d->at;

                for (at.fn = 0; at.fn < 8; at.fn++) {
                        size_t device = facts_find_at(p->facts, &at);
                        const struct plan_entry *other = device == NO_DEVICE || p->entry_of[device] == NO_ENTRY
                                                                 ? NULL
                                                                 : &p->plan->entries[p->entry_of[device]];

                        if (!other || other->leader == NO_ENTRY || other->action != ACTION_REFUSE || other->derived)
                                continue;
                        e->derived = true;
                        planner_refuse(p, e, "%s comes with it and is refused", p->facts->devices[device].address);
                        return 1;
                }
        }
        return 0;
}

/* A refused companion takes what it comes with along: half a card is no use, and its group would not be viable. */
static int refuse_leader(struct planner *p, size_t i)
{
        const struct plan_entry *e = &p->plan->entries[i];
        struct plan_entry *leader = e->leader == NO_ENTRY ? NULL : &p->plan->entries[e->leader];

        if (e->action != ACTION_REFUSE || !leader || leader->action != ACTION_BIND)
                return 0;
        leader->derived = true;
        planner_refuse(p, leader, "%s comes with it and is refused", entry_device(p, e)->address);
        return 1;
}

/* Every foreign member of a refused group is shown with it: it, too, is what the rule speaks of. */
static void show_foreign(struct planner *p)
{
        size_t n_entries = p->plan->n_entries;

        for (size_t i = 0; i < n_entries; i++) {
                const struct plan_entry *e = &p->plan->entries[i];
                const struct device *d = entry_device(p, e);
                size_t first, n = e->in_company ? facts_group(p->facts, d->group, &first) : 0;

                for (size_t k = 0; k < n; k++) {
                        size_t member = p->facts->by_group[first + k];
                        const char *reason;

                        if (p->entry_of[member] != NO_ENTRY || p->facts->devices[member].transparent)
                                continue;
                        reason = arena_printf(p->arena,
                                              "it shares IOMMU group %d with %s, and the rule does not take it",
                                              d->group, d->address);
                        planner_add(p, member, p->plan->entries[i].rule, ACTION_REFUSE, reason);
                }
        }
}

int planner_refusals(struct planner *p)
{
        int k;

        for (size_t i = 0; i < p->plan->n_entries; i++) {
                if (p->plan->entries[i].action == ACTION_BIND)
                        refuse_alone(p, &p->plan->entries[i]);
        }
        for (size_t i = 0; i < p->plan->n_entries; i++) {
                if (p->plan->entries[i].action == ACTION_BIND)
                        refuse_for_access(p, &p->plan->entries[i]);
        }
        planner_company(p);
        planner_keyboards(p);

        /* Each refusal may leave another device in bad company: until nothing changes. */
        for (bool changed = true; changed;) {
                changed = false;
                for (size_t i = 0; i < p->plan->n_entries; i++) {
                        k = p->plan->entries[i].action == ACTION_BIND ? refuse_in_company(p, i) : refuse_leader(p, i);
                        if (k < 0)
                                return k;
                        changed |= k > 0;
                }
        }
        show_foreign(p);
        return 0;
}
