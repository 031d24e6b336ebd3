/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cloudpods: what its host agent does with devices when it starts (github.com/yunionio/cloudpods in August 2026,
 * pkg/hostman/isolated_device: gpu.go, isolated_device.go, pci_device.go, nic.go, nvidia_vgpu.go). It goes by lspci: it
 * takes each graphics card but the one the firmware booted on, and each device of an ID that its models have.
 */
#include "base/str.h"
#include "check/cloudpods.h"
#include "check/consumers.h"
#include "check/demands.h"
#include "config/driver.h"
#include "config/vgpu.h"
#include "plan/sriov.h"
#include "plan/vgpu.h"

#define OPTIONS "of the agent's host.conf"

static bool in_domain_0(const struct device *d)
{
        return startswith(d->address, "0000:");
}

static bool is_boot_display(const struct device *d)
{
        return startswith(d->class, "0300") && d->roles & ROLE_BOOT_DISPLAY;
}

/* The agent's own word for one: PCI domain 0 is left out. */
static const char *short_address(const struct device *d)
{
        return in_domain_0(d) ? d->address + strlen("0000:") : d->address;
}

/* ---- what rules hand over ---------------------------------------------------------------------------------------- */

static struct demand driver(struct checker *c, const struct plan_entry *e)
{
        struct demand wrong;

        if (!demand_at_boot(c, e, "the host agent", &wrong))
                return wrong;
        if (streq(e->driver, DRIVER_VFIO_PCI))
                return (struct demand){CHECK_PASS, "a rule gives it vfio-pci, the one driver that the host agent takes",
                                       ""};
        return (struct demand){CHECK_FAIL,
                               arena_join(c->arena, "a rule gives it ", e->driver,
                                          ", and the host agent takes vfio-pci alone: it takes the device from "
                                          "another driver, or leaves it out",
                                          NULL),
                               demand_driver_fix(c, e)};
}

static struct demand domain(struct checker *c, const struct plan_entry *e)
{
        const struct device *d = check_device(c, e);

        if (in_domain_0(d))
                return (struct demand){CHECK_PASS, "it is in PCI domain 0, the one that the host agent knows", ""};
        return (struct demand){CHECK_FAIL,
                               arena_join(c->arena, "the host agent leaves the PCI domain out, and takes it for 0000",
                                          strchr(d->address, ':'), NULL),
                               demand_domain_fix};
}

static bool same_maker(const struct device *a, const struct device *b)
{
        return strncmp(a->id, b->id, strlen("10de:")) == 0;
}

/* The agent gives it to a machine along with d, and vfio-pci has it not. */
static bool is_along(const struct checker *c, const struct device *d, size_t other)
{
        const struct device *x = &c->plan->facts->devices[other];

        return same_maker(d, x) && !demand_given_vfio(c, other);
}

static struct demand group(struct checker *c, const struct plan_entry *e)
{
        const struct device *d = check_device(c, e), *other;

        /* Only VFIO asks who else is in it. */
        if (!driver_is_vfio(e->driver))
                return (struct demand){};
        other = demand_member(c, d, is_along);
        if (!other)
                return (struct demand){
                        CHECK_PASS, "vfio-pci has all of its IOMMU group that the host agent gives a machine with it",
                        ""};
        if (other->roles & ROLE_BRIDGE)
                return (struct demand){
                        CHECK_FAIL,
                        arena_join(c->arena,
                                   "the host agent gives a machine all of its IOMMU group that has the same "
                                   "maker, and ",
                                   other->address, " is a bridge, which no machine can have", NULL),
                        "put the card into a slot that has a group of its own; passthroughctl list ADDRESS shows what "
                        "shares the group"};
        return (struct demand){
                CHECK_FAIL,
                arena_join(c->arena,
                           "the host agent gives a machine all of its IOMMU group that has the same maker, "
                           "and no rule gives ",
                           other->address, " vfio-pci at boot", NULL),
                arena_join(c->arena, "hand ", other->address, " over with it, or put the card into another slot",
                           NULL)};
}

static void boot_display(struct checker *c)
{
        struct demands list = {};

        for (size_t i = 0; i < c->plan->n_entries; i++) {
                const struct plan_entry *e = &c->plan->entries[i];
                const struct device *d = check_device(c, e);

                if (!demand_given(c, e) || !cloudpods_is_gpu(d))
                        continue;
                demands_add(c, &list, d->address,
                            is_boot_display(d)
                                    ? (struct demand){CHECK_WARN,
                                                      "the firmware booted on it, and the host agent leaves that "
                                                      "display out unless use_boot_vga says otherwise",
                                                      "write use_boot_vga: true into the options " OPTIONS}
                                    : (struct demand){CHECK_PASS, "the firmware did not boot on it", ""});
        }
        demands_put(c, "cloudpods.boot-display", &list, "no rule hands over a graphics card");
}

/* ---- what they do not ------------------------------------------------------------------------------------------ */

static bool is_with_gpu(const struct checker *c, const struct device *d, size_t other)
{
        const struct device *x = &c->plan->facts->devices[other];

        return cloudpods_is_gpu(x) && same_maker(d, x);
}

/* A device of that ID which is handed over, and which a model has to name; or NULL. Audio comes with its GPU. */
static const struct plan_entry *modelled(const struct checker *c, const char *id)
{
        for (size_t i = 0; i < c->plan->n_entries; i++) {
                const struct plan_entry *e = &c->plan->entries[i];
                const struct device *d = check_device(c, e);

                if (demand_given(c, e) && !cloudpods_is_gpu(d) && *d->id && streq(d->id, id) &&
                    !demand_member(c, d, is_with_gpu))
                        return e;
        }
        return NULL;
}

/* Virtual functions or GPUs are made of it, or it is one of those. */
static bool is_parent(const struct checker *c, size_t device)
{
        const struct plan_entry *e = plan_find(c->plan, device);
        const struct rule *rule = e ? &c->plan->config->rules[e->rule] : NULL;

        return rule && e->action == ACTION_KEEP && (rule->sriov || rule->vgpu);
}

static struct demand graphics(struct checker *c, size_t device)
{
        const struct device *d = &c->plan->facts->devices[device];
        const char *has = d->driver_now ? d->driver_now : "no driver";

        if (is_parent(c, device))
                return (struct demand){CHECK_WARN,
                                       arena_join(c->arena,
                                                  "virtual devices are made of it, and the host agent takes it "
                                                  "from ",
                                                  has, " unless its options name it as a parent", NULL),
                                       arena_join(c->arena, "name it, without its domain, in ",
                                                  startswith(d->id, "10de:") ? "nvidia_vgpu_pfs" : "amd_vgpu_pfs",
                                                  " " OPTIONS, NULL)};
        return (struct demand){CHECK_FAIL,
                               arena_join(c->arena,
                                          "it is a graphics card that no rule gives vfio-pci at boot, and the "
                                          "host agent takes each one but that which the firmware booted on "
                                          "(this has ",
                                          has, ")", NULL),
                               "write a rule for it; or write disable_gpu: true into the options " OPTIONS
                               ", which then gives no graphics card to machines"};
}

static struct demand alike(struct checker *c, const struct device *d, const struct device *given)
{
        return (struct demand){CHECK_FAIL,
                               arena_join(c->arena, "it stays with the host, and has the ID ", d->id, " of ",
                                          given->address, ": with a model of that ID the host agent takes it, too",
                                          NULL),
                               arena_join(c->arena, "write a rule for it; or make no model of ", d->id,
                                          ", and give neither to machines of Cloudpods", NULL)};
}

static void others(struct checker *c)
{
        const struct facts *facts = c->plan->facts;
        static const char id[] = "cloudpods.others";
        struct demands list = {};

        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];
                const struct plan_entry *e = plan_find(c->plan, i), *like;

                if (!demand_on_bus(d, "pci") || !in_domain_0(d) || device_is_vgpu(d) || (e && demand_given(c, e)))
                        continue;
                if (!*d->id)
                        demands_add(c, &list, d->address,
                                    (struct demand){CHECK_UNKNOWN, "its class and ID do not show", ""});
                else if (cloudpods_takes(d) && !is_boot_display(d))
                        demands_add(c, &list, d->address, graphics(c, i));
                else if ((like = modelled(c, d->id)))
                        demands_add(c, &list, d->address, alike(c, d, check_device(c, like)));
        }
        if (list.n > 0)
                demands_put(c, id, &list, "");
        else
                check_row(
                        c, id, CHECK_PASS, "",
                        "the host agent takes nothing that stays with the host: no graphics card, and no device of an "
                        "ID that is handed over");
}

/* ---- what rules make ------------------------------------------------------------------------------------------- */

static struct demand mediated(struct checker *c, const struct vgpu_parent *x)
{
        const struct plan_entry *e = &c->plan->entries[x->entry];
        const struct vgpu_carrier *first = x->is.n_carriers > 0 ? &x->is.carriers[0] : NULL;
        struct demand wrong;
        const char *at = "";

        if (!demand_at_boot(c, e, "the host agent", &wrong))
                return wrong;
        if (x->is.kind == VGPU_VENDOR)
                return (struct demand){CHECK_FAIL,
                                       "its virtual GPUs are virtual functions with a type, and the host agent knows "
                                       "mediated devices alone",
                                       "give them to virtual machines without Cloudpods, or run a kernel and a host "
                                       "driver that have mediated devices"};
        if (x->is.kind != VGPU_MEDIATED)
                return (struct demand){CHECK_UNKNOWN,
                                       arena_join(c->arena, "its driver offers no mediated devices now, see vgpu.",
                                                  check_device(c, e)->address, NULL),
                                       ""};
        if (!demand_on_bus(&c->plan->facts->devices[first->device], "pci"))
                return (struct demand){CHECK_FAIL, "the host agent knows mediated devices of PCI devices alone",
                                       "give them to virtual machines without Cloudpods"};
        if (!in_domain_0(&c->plan->facts->devices[first->device]))
                return domain(c, e);
        if (x->refused || x->fewer)
                return (struct demand){CHECK_FAIL,
                                       arena_join(c->arena,
                                                  "the host agent takes mediated devices that are there when "
                                                  "it starts, and not all are made: ",
                                                  x->refused ? x->refused : x->fewer, NULL),
                                       arena_join(c->arena, "see vgpu.", check_device(c, e)->address, NULL)};
        for (size_t i = 0; i < x->is.n_carriers && i < x->count; i++)
                at = arena_join(c->arena, at, i > 0 ? ", " : "",
                                short_address(&c->plan->facts->devices[x->is.carriers[i].device]), NULL);
        return (struct demand){CHECK_PASS,
                               arena_join(c->arena,
                                          "the boot makes them before the host agent starts, which looks below "
                                          "what nvidia_vgpu_pfs names: ",
                                          at, NULL),
                               ""};
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
        demands_put(c, "cloudpods.mdev", &list, DEMANDS_NO_VGPUS);
}

static struct demand functions(struct checker *c, const struct sriov_parent *x)
{
        const struct plan_entry *e = &c->plan->entries[x->entry];

        if (x->count == x->is.total)
                return (struct demand){CHECK_PASS,
                                       "the rule makes all virtual functions that it can have, as the host agent does "
                                       "for a port of sriov_nics",
                                       ""};
        return (struct demand){
                CHECK_WARN,
                arena_printf(c->arena,
                             "the rule makes %u of %u virtual functions; for a port of sriov_nics the host agent wants "
                             "all, and the kernel changes no number while there are some",
                             x->count, x->is.total),
                arena_printf(
                        c->arena,
                        "write VirtualFunctions=%u below [SR-IOV] of %s; or leave the port out of sriov_nics " OPTIONS
                        ", and make a model of the functions' ID",
                        x->is.total, c->plan->config->rules[e->rule].file)};
}

static void ports(struct checker *c)
{
        const struct sriov_plan *s = c->plan->sriov;
        struct demands list = {};

        for (size_t i = 0; s && i < s->n_parents; i++) {
                const struct device *d = check_device(c, &c->plan->entries[s->parents[i].entry]);

                if (d->roles & ROLE_INTERFACES && !s->parents[i].refused)
                        demands_add(c, &list, d->address, functions(c, &s->parents[i]));
        }
        demands_put(c, "cloudpods.functions", &list, "no rule makes virtual functions of a network controller");
}

static void rows(struct checker *c)
{
        demands_each(c, "cloudpods.driver", driver);
        demands_each(c, "cloudpods.groups", group);
        demands_each(c, "cloudpods.domain", domain);
        boot_display(c);
        others(c);
        cloudpods_cmdline(c);
        mdevs(c);
        ports(c);
        cloudpods_hugepages(c);
}

const struct check_consumer check_for_cloudpods = {.name = "cloudpods", .rows = rows};
