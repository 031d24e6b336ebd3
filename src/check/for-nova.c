/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nova, OpenStack's compute service (github.com/openstack/nova in August 2026: nova/pci/devspec.py, manager.py and
 * stats.py), and libvirt below it, which with managed='no' wants the device on a driver of VFIO's already
 * (src/hypervisor/virhostdev.c).
 */
#include "base/str.h"
#include "check/consumers.h"
#include "check/demands.h"
#include "config/driver.h"

#define WHO "Nova"

static struct demand driver(struct checker *c, const struct plan_entry *e)
{
        struct demand wrong;

        if (!demand_at_boot(c, e, WHO, &wrong))
                return wrong;
        if (streq(e->driver, DRIVER_VFIO_PCI))
                return (struct demand){CHECK_PASS, "a rule gives it vfio-pci, which libvirt leaves as it is", ""};
        if (driver_is_vfio(e->driver))
                return (struct demand){
                        CHECK_WARN,
                        arena_join(c->arena, "a rule gives it ", e->driver,
                                   ", a variant of vfio-pci, which libvirt before 10.0 does not know", NULL),
                        arena_join(c->arena, "have libvirt 10.0 or later, or ", demand_driver_fix(c, e), NULL)};
        return (struct demand){CHECK_FAIL,
                               arena_join(c->arena, "a rule gives it ", e->driver,
                                          ", and libvirt starts no machine with a device that has no driver of VFIO's",
                                          NULL),
                               demand_driver_fix(c, e)};
}

static struct demand managed(struct checker *c, const struct plan_entry *e)
{
        (void)c;
        (void)e;
        return (struct demand){
                CHECK_UNKNOWN,
                "only Nova 31 (2025.1) and later have \"managed\": \"no\", which leaves it to its driver "
                "when a machine ends, and nova-manage --version says which one is here",
                ""};
}

static struct demand domain(struct checker *c, const struct plan_entry *e)
{
        if (strcspn(check_device(c, e)->address, ":") <= strlen("0000"))
                return (struct demand){CHECK_PASS, "its PCI domain has 16 bits, as " WHO " reads it", ""};
        return (struct demand){CHECK_FAIL,
                               "its PCI domain has more than 16 bits, and " WHO " passes over such a device",
                               demand_domain_fix};
}

/* As libvirt calls it: a function with the capability is type-PF, with virtual functions or without. */
static struct demand type(struct checker *c, const struct plan_entry *e)
{
        const struct device *d = check_device(c, e);
        const struct pci_functions *f = &c->facts->devices[e - c->plan->entries].functions;

        if (d->parent)
                return (struct demand){CHECK_PASS, "it is a virtual function: \"device_type\": \"type-VF\" of an alias",
                                       ""};
        if (f->capable == UNKNOWN)
                return (struct demand){CHECK_UNKNOWN,
                                       "whether an alias needs \"device_type\": \"type-PF\" for it does not show: "
                                       "sriov_totalvfs cannot be read",
                                       ""};
        if (f->capable == NO)
                return (struct demand){
                        CHECK_PASS,
                        "it can have no virtual functions: \"device_type\": \"type-PCI\" of an alias, or "
                        "none",
                        ""};
        return (struct demand){CHECK_WARN,
                               arena_printf(c->arena,
                                            "it could have %u virtual functions, and " WHO
                                            " gives such a device out only for an alias of \"type-PF\"",
                                            f->most),
                               "write \"device_type\": \"type-PF\" into its alias"};
}

static void rows(struct checker *c)
{
        demands_each(c, "nova.driver", driver);
        demands_each(c, "nova.managed", managed);
        demands_each(c, "nova.domain", domain);
        demands_each(c, "nova.type", type);
}

const struct check_consumer check_for_nova = {.name = "nova", .rows = rows};
