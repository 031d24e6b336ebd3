/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KubeVirt: what virt-handler takes for a resource of permittedHostDevices (github.com/kubevirt/kubevirt in August
 * 2026, pkg/virt-handler/device-manager: pci_device.go, mediated_device.go, usb_device.go), and which addresses
 * virt-launcher reads (pkg/util/hardware/hw_utils.go). To it a device is its ID, its driver and the number of its IOMMU
 * group.
 */
#include "base/str.h"
#include "bus/mdev/vgpu.h"
#include "check/consumers.h"
#include "check/demands.h"
#include "config/driver.h"
#include "config/vgpu.h"
#include "plan/vgpu.h"

#define WHO "KubeVirt"

static struct demand driver(struct checker *c, const struct plan_entry *e)
{
        struct demand wrong;

        if (!demand_at_boot(c, e, WHO, &wrong))
                return wrong;
        if (streq(e->driver, DRIVER_VFIO_PCI))
                return (struct demand){CHECK_PASS, "a rule gives it vfio-pci, by which " WHO " knows it", ""};
        return (struct demand){CHECK_FAIL,
                               arena_join(c->arena, "a rule gives it ", e->driver,
                                          ", and " WHO " passes over what has not exactly vfio-pci", NULL),
                               demand_driver_fix(c, e)};
}

static struct demand identical(struct checker *c, const struct plan_entry *e)
{
        const struct device *twin = demand_twin(c, e);
        const char *rule = twin ? demand_rule_of(c, twin) : NULL;

        if (!twin)
                return (struct demand){CHECK_PASS, "no other device has its ID and its driver", ""};
        return (struct demand){
                CHECK_WARN,
                arena_join(c->arena, twin->address, rule ? " of the rule " : ", which no rule hands over,",
                           rule ? rule : "",
                           " has the same ID and driver: to " WHO " both are one resource, and a machine gets either",
                           NULL),
                rule ? arena_join(c->arena,
                                  "hand both over by one rule, if they are to be used alike; else leave one "
                                  "to other programs than " WHO ", with another driver",
                                  NULL)
                     : arena_join(c->arena, "leave ", twin->address, " to the host's own driver", NULL)};
}

static bool is_beside(const struct checker *c, const struct device *d, size_t other)
{
        return streq(c->plan->facts->devices[other].id, d->id) && demand_given_vfio(c, other);
}

static struct demand group(struct checker *c, const struct plan_entry *e)
{
        const struct device *d = check_device(c, e), *other;

        if (!driver_is_vfio(e->driver))
                return (struct demand){};
        other = demand_member(c, d, is_beside);
        if (!other)
                return (struct demand){CHECK_PASS, "no other of its ID is in its IOMMU group", ""};
        return (struct demand){CHECK_FAIL,
                               arena_join(c->arena, other->address,
                                          " has the same ID and IOMMU group: " WHO
                                          " calls both by the group, and gives out the last "
                                          "alone",
                                          NULL),
                               "put one of the cards into a slot that has a group of its own; passthroughctl list "
                               "ADDRESS shows what shares the group"};
}

static struct demand domain(struct checker *c, const struct plan_entry *e)
{
        if (strcspn(check_device(c, e)->address, ":") <= strlen("0000"))
                return (struct demand){CHECK_PASS, "its PCI domain has 4 digits, as " WHO " reads it", ""};
        return (struct demand){
                CHECK_FAIL, "its PCI domain has more than 4 digits, and " WHO " starts no machine with such an address",
                demand_domain_fix};
}

/* ---- mediated devices -------------------------------------------------------------------------------------------- */

static const struct vgpu_type *type_of(const struct vgpu_parent *x, const struct vgpu_section *section)
{
        size_t n;

        return vgpu_type_find(&x->is.carriers[0], section->type, &n);
}

/* Another rule's parent that makes some of that type, too; or NULL. */
static const struct rule *maker_of(const struct checker *c, size_t rule, const char *id)
{
        const struct vgpu_plan *v = c->plan->vgpu;

        for (size_t i = 0; i < v->n_parents; i++) {
                size_t r = c->plan->entries[v->parents[i].entry].rule;
                const struct rule *other = &c->plan->config->rules[r];

                for (size_t k = 0; r != rule && check_makes_vgpus(other) && v->parents[i].is.n_carriers > 0 &&
                                   k < other->vgpu->n_sections;
                     k++) {
                        const struct vgpu_type *t = type_of(&v->parents[i], &other->vgpu->sections[k]);

                        if (t && streq(t->id, id))
                                return other;
                }
        }
        return NULL;
}

static struct demand mediated(struct checker *c, const struct vgpu_parent *x)
{
        const struct plan_entry *e = &c->plan->entries[x->entry];
        const struct vgpu *vgpu = c->plan->config->rules[e->rule].vgpu;
        struct demand wrong;

        if (!demand_at_boot(c, e, WHO, &wrong))
                return wrong;
        if (x->is.kind == VGPU_VENDOR)
                return (struct demand){CHECK_UNKNOWN,
                                       "its virtual GPUs are virtual functions with a type, and which " WHO " is here "
                                       "does not show: only recent ones take them, as PCI devices",
                                       ""};
        if (x->is.kind != VGPU_MEDIATED)
                return (struct demand){CHECK_UNKNOWN,
                                       arena_join(c->arena, "its driver offers no mediated devices now, see vgpu.",
                                                  check_device(c, e)->address, NULL),
                                       ""};
        for (size_t i = 0; i < vgpu->n_sections; i++) {
                const struct vgpu_type *t = type_of(x, &vgpu->sections[i]);
                const struct rule *other = t ? maker_of(c, e->rule, t->id) : NULL;

                if (other)
                        return (struct demand){CHECK_WARN,
                                               arena_join(c->arena, other->name, " makes some of the type ", t->name,
                                                          ", too: to " WHO
                                                          " a type is one resource, and a machine gets "
                                                          "any of it",
                                                          NULL),
                                               "make them by one rule, if they are to be used alike; else choose "
                                               "another type for one"};
        }
        return (struct demand){CHECK_WARN,
                               "not every " WHO
                               " leaves its virtual GPUs alone: most releases remove those of types that "
                               "they were not told to make",
                               "write mediatedDevicesConfiguration: {enabled: false} into the configuration of " WHO};
}

static void mdevs(struct checker *c)
{
        const struct vgpu_plan *v = c->plan->vgpu;
        struct demands list = {};

        for (size_t i = 0; v && i < v->n_parents; i++) {
                const struct plan_entry *e = &c->plan->entries[v->parents[i].entry];

                if (check_makes_vgpus(&c->plan->config->rules[e->rule]))
                        demands_add(c, &list, check_device(c, e)->address, mediated(c, &v->parents[i]));
        }
        demands_put(c, "kubevirt.mdev", &list, DEMANDS_NO_VGPUS);
}

/* ---- USB --------------------------------------------------------------------------------------------------------- */

static void usb(struct checker *c)
{
        const struct facts *facts = c->plan->facts;
        struct demands list = {};

        for (size_t i = 0; i < c->plan->n_entries; i++) {
                const struct plan_entry *e = &c->plan->entries[i];
                const struct device *d = check_device(c, e), *twin = NULL;

                if (e->action != ACTION_BIND || e->below != NO_ENTRY || !demand_on_bus(d, "usb"))
                        continue;
                for (size_t k = 0; k < facts->n_devices && !twin; k++)
                        if (&facts->devices[k] != d && facts->devices[k].bus == d->bus &&
                            streq(facts->devices[k].id, d->id))
                                twin = &facts->devices[k];
                demands_add(
                        c, &list, d->address,
                        twin ? (struct demand){CHECK_WARN,
                                               arena_join(c->arena, twin->address,
                                                          " has the same ID: " WHO " goes by that alone, and a machine "
                                                          "gets either",
                                                          NULL),
                                               arena_join(c->arena, "plug ", twin->address, " into another host", NULL)}
                             : (struct demand){CHECK_PASS, "no other USB device has its ID", ""});
        }
        demands_put(c, "kubevirt.usb", &list, "no rule hands over a USB device that is here");
}

static void rows(struct checker *c)
{
        demands_each(c, "kubevirt.driver", driver);
        demands_each(c, "kubevirt.identical", identical);
        demands_each(c, "kubevirt.group", group);
        demands_each(c, "kubevirt.domain", domain);
        mdevs(c);
        usb(c);
}

const struct check_consumer check_for_kubevirt = {.name = "kubevirt", .rows = rows};
