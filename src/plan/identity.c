/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is who, as far as it was recorded, and what follows where somebody else is there. */

#include "facts/identity.h"
#include "base/str.h"
#include "facts/match.h"
#include "plan/planner.h"

static void lost(struct planner *p)
{
        for (size_t i = 0; i < p->facts->clearance.n_devices; i++) {
                const struct clearance_device **slot;

                if (!p->recorded[i].rule || p->recorded[i].device != NO_DEVICE)
                        continue;
                slot = arena_grow(p->arena, &p->plan->lost, p->plan->n_lost, sizeof(*slot));
                *slot = &p->facts->clearance.devices[i];
                p->plan->n_lost++;
        }
}

const char *planner_lost_of(const struct planner *p, const struct rule *rule)
{
        for (size_t i = 0; i < p->facts->clearance.n_devices; i++) {
                const struct clearance_device *r = &p->facts->clearance.devices[i];

                if (p->recorded[i].rule == rule && p->recorded[i].device == NO_DEVICE)
                        return arena_printf(p->arena, "; %s was recorded at %s (path %s), and %s", r->id, r->address,
                                            r->path, p->recorded[i].why);
        }
        return "";
}

void planner_identify(struct planner *p)
{
        const struct clearance *c = &p->facts->clearance;

        p->identities = arena_alloc(p->arena, p->facts->n_devices * sizeof(*p->identities));
        p->recorded = arena_alloc(p->arena, c->n_devices * sizeof(*p->recorded));
        for (size_t i = 0; i < c->n_devices; i++) {
                const struct clearance_device *r = &c->devices[i];
                const struct rule *rule = config_find(p->config, r->rule);
                enum fit how = FIT_MAX_;
                struct identity *identity;
                size_t device;
                bool storage;

                p->recorded[i] = (struct recorded){.device = NO_DEVICE, .why = "no device here now is it"};
                if (!rule || rule->invalid || rule->digest != r->digest)
                        continue;
                p->recorded[i].rule = rule;
                device = identity_find(p->facts, r, &how, &p->recorded[i].why);
                if (device == NO_DEVICE)
                        continue;
                identity = &p->identities[device];
                if (identity->is) { /* two records of one device: neither is believed */
                        p->recorded[identity->record].device = NO_DEVICE;
                        p->recorded[identity->record].why = p->recorded[i].why = "two recorded devices could be it";
                        identity->cleared = identity->known = false;
                        continue;
                }
                p->recorded[i].device = device;
                /* In the place of a disk there may be another: its number, or what is on it, has to agree. */
                storage = p->facts->devices[device].roles & ROLE_STORAGE;
                *identity = (struct identity){
                        .is = r,
                        .rule = rule,
                        .record = i,
                        .early = !storage || how == FIT_PCIE_SERIAL,
                        .known = r->cleared && !c->lapsed,
                };
                identity->cleared = identity->known && (identity->early || how == FIT_DISK_SERIAL);
                if (!streq(r->address, p->facts->devices[device].address))
                        identity->moved = arena_printf(p->arena, "the device recorded at %s, told by %s", r->address,
                                                       fit_names[how]);
        }
        lost(p);
}

/*
 * Of what udev claims a rule means what it matches now: sockets are where people plug in one thing or another, and who
 * was recorded there, or plugs it in elsewhere, changes nothing of that.
 */
bool planner_follows(const struct planner *p, size_t device, const struct rule *rule)
{
        const struct identity *identity = &p->identities[device];

        return !rule->bus->taken_by && identity->is && !identity->is->companion && identity->rule == rule &&
               p->recorded[identity->record].device == device &&
               match_apart_from_place(rule, p->facts, &p->facts->devices[device]);
}

/* A device where a recorded one of the rule was, and which is not that one. */
void planner_impostor(struct planner *p, size_t device, const struct rule *rule, const char **ret)
{
        const struct device *d = &p->facts->devices[device];
        const struct clearance *c = &p->facts->clearance;

        *ret = NULL;
        if (rule->bus->taken_by || (p->identities[device].is && p->identities[device].rule == rule))
                return;
        for (size_t i = 0; i < c->n_devices; i++) {
                const struct clearance_device *r = &c->devices[i];
                const char *where;

                if (p->recorded[i].rule != rule ||
                    (!streq(r->path, d->path) && (rule->match[MATCH_ADDRESS].n == 0 || !streq(r->address, d->address))))
                        continue;
                where = p->recorded[i].device == NO_DEVICE
                                ? p->recorded[i].why
                                : arena_printf(p->arena, "that one is at %s now",
                                               p->facts->devices[p->recorded[i].device].address);
                *ret = where ? arena_printf(p->arena,
                                            "it is not the device that was recorded here (%s at %s%s%s): %s; to accept "
                                            "it, remove " CLEARANCE_PATH " and build the image again",
                                            r->id, r->path, *r->marks[MARK_SERIAL] ? ", serial " : "",
                                            r->marks[MARK_SERIAL], where)
                             : NULL;
                return;
        }
}

/* Who has a driver that shows nothing of what is below it, VMD's before vmd has it and while a guest has it. */
static bool shows_nothing(const struct facts *facts, size_t device)
{
        for (size_t i = 0; i < facts->n_devices; i++)
                if (facts_is_below(facts, i, device))
                        return false;
        return true;
}

static bool shows(const struct facts *facts, const struct clearance_device *r)
{
        for (size_t i = 0; i < facts->n_devices; i++)
                if (identity_may_be(r, &facts->devices[i]))
                        return true;
        return false;
}

size_t planner_hidden(const struct planner *p, const struct rule *rule, size_t *ret)
{
        size_t n = 0;

        for (size_t i = 0; i < p->facts->clearance.n_devices; i++) {
                const struct clearance_device *r = &p->facts->clearance.devices[i];

                if (p->recorded[i].rule != rule || r->companion || !r->below || !*r->below || *r->withheld ||
                    shows(p->facts, r))
                        continue;
                for (size_t k = 0; k < p->plan->n_entries; k++) {
                        const struct plan_entry *e = &p->plan->entries[k];
                        const struct device *d = entry_device(p, e);

                        if (e->action != ACTION_BIND || !clearance_names(r->below, d->path, d->id) ||
                            !shows_nothing(p->facts, e->device))
                                continue;
                        *ret = k;
                        n++;
                }
        }
        return n;
}

/* A recorded IOMMU group has its members by bridge path and ID: who was not there holds the whole rule. */
void planner_company(struct planner *p)
{
        size_t n_entries = p->plan->n_entries;

        for (size_t i = 0; i < n_entries; i++) {
                const struct plan_entry *e = &p->plan->entries[i];
                const struct identity *identity = &p->identities[e->device];
                const struct device *d = entry_device(p, e), *newcomer = NULL;
                size_t first, n = d->group == NO_GROUP ? 0 : facts_group(p->facts, d->group, &first);

                if (e->action != ACTION_BIND || !identity->is || identity->is->n_company == 0)
                        continue;
                for (size_t k = 0; k < n && !newcomer; k++) {
                        size_t member = p->facts->by_group[first + k];
                        bool known = p->facts->devices[member].roles & ROLE_BYSTANDER || p->identities[member].is;

                        for (size_t m = 0; m < identity->is->n_company; m++)
                                known |= clearance_names(identity->is->company[m], p->facts->devices[member].path,
                                                         p->facts->devices[member].id);
                        if (!known)
                                newcomer = &p->facts->devices[member];
                }
                for (size_t j = 0; newcomer && j < n_entries; j++) {
                        struct plan_entry *held = &p->plan->entries[j];

                        if (held->rule != e->rule || held->action != ACTION_BIND)
                                continue;
                        planner_refuse(p, held, REASON_NEW_MEMBER, newcomer->address,
                                       "IOMMU group %d of %s has a new member: %s (%s), which was not there when it "
                                       "was recorded; to accept it, remove " CLEARANCE_PATH
                                       " and build the image again",
                                       d->group, d->address, newcomer->address, newcomer->id);
                }
        }
}
