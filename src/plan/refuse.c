/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must not be taken: alone, or because of what shares its IOMMU group or comes with it. */

#include "base/str.h"
#include "guard/evidence.h"
#include "plan/planner.h"
#include "plan/sight.h"

#define NOT_CLEARED  "not cleared: "
#define HAS_NO_GROUP "it has no IOMMU group: "

static const struct module *module_of(const struct planner *p, const char *name)
{
        for (size_t i = 0; i < p->facts->n_modules; i++)
                if (streq(p->facts->modules[i].name, name))
                        return &p->facts->modules[i];
        return NULL;
}

/* Not known to be free. */
static bool not_cleared(struct planner *p, enum reason_kind kind, const char *why, struct reason *ret)
{
        reason_set(ret, kind, arena_join(p->arena, NOT_CLEARED, why, NULL));
        ret->more = ret->text + strlen(NOT_CLEARED);
        return true;
}

/* Nobody but an administrator may say that it is no longer so, where what shows does not. */
static bool withheld(struct planner *p, const struct clearance_device *record, struct reason *ret)
{
        bool doubt = reason_is_doubt(record->withheld_kind);

        if (p->facts->booting && !doubt)
                return reason_set(
                        ret, REASON_WITHHELD,
                        arena_join(p->arena, "the host needed it when this image was built: ", record->withheld, NULL));
        return not_cleared(
                p, REASON_WITHHELD,
                arena_join(p->arena, doubt ? "" : "the host needed it ",
                           "when a boot image was last built: ", record->withheld,
                           doubt ? NULL
                           : p->facts->arriving
                                   ? "; if it no longer does, look at passthroughctl plan, and run passthroughctl bind"
                                   : ", and now less shows than then, or nothing shows that replaces it; if the host "
                                     "no longer needs it, remove " CLEARANCE_PATH " and build the image again",
                           NULL),
                ret);
}

/* what: a member, and what is the matter with it. */
static const char *also_holds(struct planner *p, const struct device *d, const char *what)
{
        return arena_printf(p->arena, "IOMMU group %d also holds %s", d->group, what);
}

/* What its driver and its group have against it; nobody asks that of what goes along with another. */
static bool unfit_alone(struct planner *p, const struct plan_entry *e, struct reason *ret)
{
        const struct device *d = entry_device(p, e);
        const struct module *module = module_of(p, e->driver);

        if (module && module->state == MODULE_ABSENT) {
                ret->more = arena_join(p->arena, "kernel ", p->facts->kernel, " has no such module and no such driver",
                                       NULL);
                ret->kind = REASON_NO_MODULE;
                ret->text = arena_join(p->arena, "driver ", e->driver, " is not there: ", ret->more, NULL);
        } else if (driver_is_vfio(e->driver) && d->group == NO_GROUP) {
                ret->kind = REASON_NO_GROUP;
                ret->text = HAS_NO_GROUP "the IOMMU is off or not there";
                ret->more = ret->text + strlen(HAS_NO_GROUP);
        } else if (d->group_kept) {
                ret->kind = d->kept_kind;
                ret->text = d->group_kept;
        } else if (d->group_stranger) {
                ret->more = arena_join(p->arena, d->group_stranger,
                                       facts_find(p->facts, d->group_stranger) == NO_DEVICE
                                               ? ", which is not a PCI function and cannot be taken with it"
                                               : ", about which nothing is known",
                                       NULL);
                ret->kind = REASON_MEMBER;
                ret->text = also_holds(p, d, ret->more);
                ret->about = d->group_stranger;
        }
        return ret->text;
}

/* What shows of it now says nothing of what the host had of it; and *ret. */
static bool uncleared(struct planner *p, const struct plan_entry *e, struct reason *ret)
{
        const struct device *d = entry_device(p, e);
        const struct clearance_device *record = sight_withheld(p->facts, d);

        if (p->facts->evidence->busy_unknown && d->driver && !driver_is_vfio(d->driver))
                return not_cleared(p, REASON_NOT_CLEARED, p->facts->evidence->busy_unknown, ret);
        /* What the host had in its hands need not be in them again yet, or need not show. */
        return record && withheld(p, record, ret);
}

/*
 * A controller that has to be reset for its virtual functions is asked about as one that is taken is; so is a GPU that
 * its driver lets go of for these.
 */
static void weigh_parent(struct planner *p, struct plan_entry *e)
{
        struct reason why = {};

        if (planner_needed(p, e, &why) || !(entry_device(p, e)->roles & ROLE_STORAGE || p->config->rules[e->rule].vgpu))
                return;
        if (uncleared(p, e, &why) || (planner_uncleared(p, e, &why) && not_cleared(p, why.kind, why.text, &why)))
                e->unknown = why.text;
}

/* Those that are made of it are somebody's, whoever uses them now. */
static bool loses_gpus(struct planner *p, const struct plan_entry *e, struct reason *ret)
{
        const struct device *d = entry_device(p, e);

        if (streq_ptr(e->driver, d->driver_now))
                return false;
        if (!d->gpus)
                return d->gpus_unknown && not_cleared(p, REASON_NOT_CLEARED, d->gpus_unknown, ret);
        ret->about = "virtual GPUs";
        ret->more = d->gpus;
        return reason_set(ret, REASON_IN_USE,
                          arena_join(p->arena, "in use: ", d->gpus,
                                     "; virtual GPUs go with the driver, so remove them first", NULL));
}

/* What makes a device unfit whatever else is taken: whether anything does, and *ret. */
static bool unfit(struct planner *p, struct plan_entry *e, struct reason *ret)
{
        const struct device *d = entry_device(p, e);
        struct reason doubt = {};

        *ret = doubt;
        if (d->roles & ROLE_BRIDGE && d->bus->syntax->taken_by)
                return d->bus->refuse(p->arena, &p->config->rules[e->rule], d, ret);
        if (d->bus->syntax->made && d->bus->refuse && d->bus->refuse(p->arena, &p->config->rules[e->rule], d, ret))
                return true;
        if (d->roles & ROLE_BRIDGE)
                return reason_set(
                        ret, REASON_BRIDGE,
                        "it is a bridge, and bridges are never handed over; the device behind it has a longer Path=");
        if (d->stuck)
                return reason_set(ret, d->stuck_kind, d->stuck);
        if (planner_needed(p, e, ret) || uncleared(p, e, ret) || loses_gpus(p, e, ret))
                return true;
        e->weighed = true;
        planner_uncleared(p, e, &doubt);
        e->unknown = doubt.text;
        if ((e->below == NO_ENTRY && unfit_alone(p, e, ret)) ||
            (d->bus->refuse && d->bus->refuse(p->arena, &p->config->rules[e->rule], d, ret)))
                return true;
        return doubt.text && not_cleared(p, doubt.kind, doubt.text, ret);
}

/*
 * A member of a group does not stand in the way of its users (Documentation/driver-api/vfio.rst). What is set aside
 * with another driver than VFIO's is so for somebody, too: that the plan takes the member is then enough.
 */
static bool harmless(const struct planner *p, const struct plan_entry *user, size_t device)
{
        const struct device *d = &p->facts->devices[device];
        const struct plan_entry *e = p->entry_of[device] == NO_ENTRY ? NULL : &p->plan->entries[p->entry_of[device]];

        if (d->roles & ROLE_BYSTANDER || planner_leaves(p, user, device))
                return true;
        /* What is below goes away before anybody uses the group. */
        if ((!e || e->action == ACTION_BIND) && planner_carrier(p, device) != NO_ENTRY)
                return true;
        return e && e->action == ACTION_BIND && (driver_sets_aside(e->driver) || !driver_is_vfio(user->driver));
}

/* Half a group is of no use until the other half is there, and that half may yet be refused. */
static bool comes_later(const struct planner *p, const struct plan_entry *e, size_t device)
{
        return p->entry_of[device] != NO_ENTRY && p->plan->entries[p->entry_of[device]].action == ACTION_BIND &&
               p->plan->entries[p->entry_of[device]].stage > e->stage;
}

/* VMD's functions reach memory under the controller's own number (pci_real_dma_dev()): one group for all. */
static void refuse_below(struct planner *p, struct plan_entry *e, size_t above)
{
        const struct device *d = entry_device(p, e), *c = &p->facts->devices[above];
        const struct plan_entry *other = p->entry_of[above] == NO_ENTRY ? NULL : &p->plan->entries[p->entry_of[above]];

        e->derived = other && other->action == ACTION_REFUSE;
        planner_refuse(p, e, REASON_ABOVE, c->address,
                       "it is below %s (%s, %s), shares IOMMU group %d with it and cannot be handed over alone; %s",
                       c->address, c->id, device_kind(c), d->group,
                       e->derived ? "that one is refused"
                       : other    ? arena_join(p->arena, "that one stays with the host: rule ",
                                               p->config->rules[other->rule].name, NULL)
                               : arena_join(p->arena, "a rule for that one takes all below it: Path=", c->path, NULL));
}

/*
 * Why a rule cannot take the whole group, or NULL: nothing stands against it so far. *member becomes who it is about, a
 * bridge as well.
 */
static const char *group_obstacle(struct planner *p, const struct plan_entry *e, size_t *member)
{
        size_t first, n = facts_group(p->facts, entry_device(p, e)->group, &first);

        for (size_t k = 0; k < n; k++) {
                struct plan_entry asked = {.device = p->facts->by_group[first + k],
                                           .rule = e->rule,
                                           .driver = e->driver,
                                           .leader = NO_ENTRY,
                                           .below = NO_ENTRY};
                struct reason why;

                if (p->entry_of[asked.device] != NO_ENTRY || harmless(p, e, asked.device))
                        continue;
                if (!unfit(p, &asked, &why) || (REASON_REFUSAL(why.kind) == REFUSAL_OTHER &&
                                                !(entry_device(p, &asked)->roles & (ROLE_BRIDGE | ROLE_FIRMWARE))))
                        continue;
                *member = asked.device;
                return why.text;
        }
        return NULL;
}

/* What is the matter with a member of the group, behind "which". */
static const char *about_member(struct planner *p, struct plan_entry *e, const struct plan_entry *other, size_t member)
{
        if (other->action == ACTION_KEEP)
                return arena_join(p->arena, "rule ", p->config->rules[other->rule].name, " leaves to the host", NULL);
        if (comes_later(p, e, member))
                return other->stage == STAGE_DEMAND
                               ? arena_join(p->arena, "rule ", p->config->rules[other->rule].name,
                                            " takes on demand alone; Stage=demand for both would keep them together",
                                            NULL)
                               : "waits for the root stage; Stage=root for both would keep them together";
        if (other->action == ACTION_BIND)
                return arena_join(p->arena, "goes to driver ", other->driver, NULL);
        e->derived = true;
        return "is refused";
}

static void refuse_for_member(struct planner *p, struct plan_entry *e, size_t member)
{
        const struct plan_entry *other =
                p->entry_of[member] == NO_ENTRY ? NULL : &p->plan->entries[p->entry_of[member]];
        const char *why = other ? NULL : group_obstacle(p, e, &member);
        const struct device *d = entry_device(p, e), *m = &p->facts->devices[member];
        bool bridge = m->roles & ROLE_BRIDGE, makes = !other && streq_ptr(d->parent, m->address);
        const char *what = bridge  ? "a bridge that the host drives"
                           : other ? about_member(p, e, other, member)
                           : why   ? "cannot go with it: "
                           : makes ? "makes it and cannot go with it"
                                   : "the rule does not take; see IOMMUGroup=complete";

        what = arena_join(p->arena, m->address, " (", m->id, bridge ? "" : ", ", bridge ? "" : device_kind(m),
                          bridge ? "), " : "), which ", what, why && !bridge ? why : "", NULL);
        planner_refuse_for(e,
                           other || bridge ? REASON_MEMBER
                           : why || makes  ? REASON_NOT_WHOLE
                                           : REASON_COMPANY,
                           also_holds(p, d, what), m->address, what);
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
        size_t first,
                n = driver_is_vfio(e->driver) && e->below == NO_ENTRY ? facts_group(p->facts, d->group, &first) : 0;

        for (size_t k = 0; k < n; k++) {
                size_t member = p->entry_of[p->facts->by_group[first + k]];
                const struct plan_entry *m = member == NO_ENTRY ? NULL : &p->plan->entries[member];
                const struct node_access *theirs = m ? &p->config->rules[m->rule].node : NULL;
                const char *what, *address;

                if (!m || m->rule == e->rule || m->below != NO_ENTRY || m->action == ACTION_KEEP ||
                    !driver_is_vfio(m->driver) ||
                    (!differ(mine->owner, theirs->owner) && !differ(mine->group, theirs->group) &&
                     !differ(node_access_mode(mine), node_access_mode(theirs))))
                        continue;
                what = other_access(p->arena, mine, theirs);
                address = p->facts->devices[m->device].address;
                what = arena_join(p->arena, address, ", for which rule ", p->config->rules[m->rule].name, " has ", what,
                                  "; the group has one node, write the same in both", NULL);
                planner_refuse_for(e, REASON_ACCESS, also_holds(p, d, what), address, what);
                return;
        }
}

/* What is below something goes when that goes. */
static bool refuse_other_stage(struct planner *p, struct plan_entry *e)
{
        const struct plan_entry *c = &p->plan->entries[e->below];
        enum stage later = MAX(c->stage, e->stage);

        if (c->stage == e->stage)
                return false;
        planner_refuse(
                p, e, REASON_ABOVE, entry_device(p, c)->address,
                "it goes along with %s, and %s waits for the %s stage; Stage=%s for both would keep them together",
                entry_device(p, c)->address, c->stage == later ? "that one" : "this one", stages[later].name,
                stages[later].name);
        return true;
}

static void judge(struct planner *p, struct plan_entry *e)
{
        struct reason why;

        if (unfit(p, e, &why))
                planner_refuse_for(e, why.kind, why.text, why.about, why.more);
}

/* What it went along with may have been refused meanwhile: then it is judged by itself. */
static void carry_anew(struct planner *p, size_t i)
{
        struct plan_entry *e = &p->plan->entries[i];
        size_t carrier = planner_carrier(p, e->device);

        if (carrier == e->below)
                return;
        planner_carry(p, e, carrier);
        judge(p, e);
        if (e->action == ACTION_BIND)
                refuse_for_access(p, e);
}

/* Whether it was refused for its company. */
static bool refuse_in_company(struct planner *p, size_t i)
{
        struct plan_entry *e = &p->plan->entries[i];
        const struct device *d = entry_device(p, e);
        size_t first = 0, n = d->group == NO_GROUP ? 0 : facts_group(p->facts, d->group, &first);
        struct plan_entry *leader = e->leader == NO_ENTRY ? NULL : &p->plan->entries[e->leader];

        if (leader && leader->action == ACTION_REFUSE) {
                e->derived = true;
                planner_refuse(p, e, REASON_COMES_ALONG, entry_device(p, leader)->address, "it %s %s, which is refused",
                               e->leader == e->below ? "is below" : "comes with", entry_device(p, leader)->address);
                return true;
        }
        carry_anew(p, i);
        if (e->action == ACTION_REFUSE)
                return true;
        if (e->below != NO_ENTRY)
                return refuse_other_stage(p, e);
        for (size_t up = d->parent ? NO_DEVICE : p->facts->below[e->device]; up != NO_DEVICE; up = p->facts->below[up])
                if (d->group != NO_GROUP && d->group == p->facts->devices[up].group) {
                        refuse_below(p, e, up);
                        return true;
                }
        for (size_t k = 0; k < n; k++)
                if (!harmless(p, e, p->facts->by_group[first + k]) ||
                    comes_later(p, e, p->facts->by_group[first + k])) {
                        refuse_for_member(p, e, p->facts->by_group[first + k]);
                        return true;
                }
        /* A companion of two is one rule's, and holds the other's back all the same. */
        n = e->leader == NO_ENTRY && planner_takes_slot(p, e) ? facts_card(p->facts, e->device, &first) : 0;
        for (size_t k = first; k < first + n; k++) {
                const struct plan_entry *other = p->entry_of[k] == NO_ENTRY ? NULL : &p->plan->entries[p->entry_of[k]];

                if (!other || other->leader == NO_ENTRY || other->action != ACTION_REFUSE || other->derived ||
                    !device_same_make(d, &p->facts->devices[k]))
                        continue;
                e->derived = true;
                planner_refuse(p, e, REASON_ANOTHER, p->facts->devices[k].address, "%s comes with it and is refused",
                               p->facts->devices[k].address);
                return true;
        }
        return false;
}

/* Nothing takes along what is to stay, or what it is not known to be free. */
static bool refuse_carrier(struct planner *p, size_t i)
{
        const struct plan_entry *e = &p->plan->entries[i];
        size_t carrier = planner_carrier(p, e->device);
        struct plan_entry *c = carrier == NO_ENTRY ? NULL : &p->plan->entries[carrier];
        const char *address = entry_device(p, e)->address;

        if (!c || (e->action == ACTION_REFUSE && entry_device(p, e)->roles & ROLE_BRIDGE))
                return false;
        c->derived = e->action == ACTION_REFUSE;
        if (e->action == ACTION_KEEP)
                planner_refuse(p, c, REASON_BENEATH, address,
                               "%s is below it and would go along, and rule %s leaves that one to the host", address,
                               p->config->rules[e->rule].name);
        else
                planner_refuse(p, c, REASON_BENEATH, address,
                               "%s is below it and would go along, and that one is refused", address);
        return true;
}

/* A refused companion takes what it comes with along: half a card is no use, and its group would not be viable. */
static bool refuse_leader(struct planner *p, size_t i)
{
        const struct plan_entry *e = &p->plan->entries[i];
        struct plan_entry *leader = e->leader == NO_ENTRY ? NULL : &p->plan->entries[e->leader];

        if (e->action != ACTION_REFUSE || !leader || leader->action != ACTION_BIND)
                return false;
        leader->derived = true;
        planner_refuse(p, leader, REASON_ANOTHER, entry_device(p, e)->address, "%s comes with it and is refused",
                       entry_device(p, e)->address);
        return true;
}

/* Every foreign member of a refused group is shown with it: it, too, is what the rule speaks of. */
static void show_foreign(struct planner *p)
{
        size_t n_entries = p->plan->n_entries;

        for (size_t i = 0; i < n_entries; i++) {
                const struct plan_entry *e = &p->plan->entries[i];
                const struct device *d = entry_device(p, e);
                size_t first, n = reason_is_company(e->kind) ? facts_group(p->facts, d->group, &first) : 0;

                for (size_t k = 0; k < n; k++) {
                        size_t member = p->facts->by_group[first + k];
                        const char *reason;

                        if (p->entry_of[member] != NO_ENTRY || p->facts->devices[member].roles & ROLE_BYSTANDER)
                                continue;
                        reason = arena_printf(p->arena,
                                              "it shares IOMMU group %d with %s, and the rule does not take it",
                                              d->group, d->address);
                        planner_add(p, member, p->plan->entries[i].rule, ACTION_REFUSE, REASON_FOREIGN, reason);
                        p->plan->entries[p->entry_of[member]].about = d->address;
                }
        }
}

void planner_refusals(struct planner *p)
{
        struct plan *plan = p->plan;

        for (size_t i = 0; i < plan->n_entries; i++) {
                struct plan_entry *e = &plan->entries[i];

                if (e->action == ACTION_BIND)
                        judge(p, e);
                /* It stays, but what is made of it disturbs it. */
                else if (p->config->rules[e->rule].sriov || p->config->rules[e->rule].vgpu)
                        weigh_parent(p, e);
        }
        for (size_t i = 0; i < plan->n_entries; i++)
                if (plan->entries[i].action == ACTION_BIND)
                        refuse_for_access(p, &plan->entries[i]);
        planner_company(p);
        planner_keyboards(p);

        /* Each refusal may leave another device in bad company: until nothing changes. */
        for (bool changed = true; changed;) {
                changed = false;
                for (size_t i = 0; i < plan->n_entries; i++)
                        changed |= plan->entries[i].action != ACTION_BIND && refuse_carrier(p, i);
                for (size_t i = 0; i < plan->n_entries; i++)
                        changed |=
                                plan->entries[i].action == ACTION_BIND ? refuse_in_company(p, i) : refuse_leader(p, i);
        }
        show_foreign(p);
}
