/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proxmox VE: how qemu-server takes a device, and all of its IOMMU group, when a machine starts
 * (src/PVE/QemuServer/PCI.pm in August 2026, and pci_dev_group_bind_to_vfio() of pve-common's PVE::SysFSTools), and
 * what it compares of a name in the cluster's mappings (assert_valid() of pve-guest-common's PVE::Mapping::PCI).
 */
#include "base/str.h"
#include "bus/pci/pci.h"
#include "check/consumers.h"
#include "check/demands.h"
#include "config/driver.h"
#include "plan/vgpu.h"

#define WHO "Proxmox"

static struct demand driver(struct checker *c, const struct plan_entry *e)
{
        if (streq(e->driver, DRIVER_VFIO_PCI))
                return (struct demand){
                        CHECK_PASS,
                        e->stage == STAGE_DEMAND
                                ? "a rule gives it vfio-pci while its service runs; " WHO " does so itself "
                                  "when a machine starts"
                                : "a rule gives it vfio-pci, as " WHO " does itself when a machine starts",
                        ""};
        return (struct demand){CHECK_WARN,
                               arena_join(c->arena, "a rule gives it ", e->driver,
                                          ", and " WHO " puts vfio-pci in its place when a machine starts", NULL),
                               arena_join(c->arena,
                                          "write driver=keep behind the device in hostpciN of the machine, or ",
                                          demand_driver_fix(c, e), NULL)};
}

/* ---- mappings ---------------------------------------------------------------------------------------------------- */

/* As it is compared: without "0x", letter by letter. */
static bool differs(struct checker *c, const char *key, const char *written, const char *is, const char **ret_why)
{
        const char *bare = written && startswith(written, "0x") ? written + 2 : written;

        if (!is && !written)
                return false;
        if (is && written && streq(bare, is))
                return false;
        *ret_why = !written ? arena_join(c->arena, "the mapping has no ", key, ", and here it is ", is, NULL)
                   : !is ? arena_join(c->arena, "the mapping has ", key, "=", written, ", and here there is none", NULL)
                         : arena_join(c->arena, "the mapping has ", key, "=", written, ", and here it is ", is, NULL);
        return true;
}

/* A mapping says whether mediated devices are made of its devices, and what has vfio-pci makes none. NULL: it is right.
 */
static const char *mdev_wrong(const struct checker *c, const struct pve_mapping *mapping, size_t device)
{
        const struct vgpu_plan *v = c->plan->vgpu;
        const struct plan_entry *e = plan_find(c->plan, device);

        if (mapping->mdev && e && demand_given(c, e))
                return "the mapping has mdev 1, and with vfio-pci it makes no mediated devices";
        for (size_t i = 0; v && i < v->n_parents && !mapping->mdev; i++)
                if (&c->plan->entries[v->parents[i].entry] == e &&
                    (v->parents[i].is.kind == VGPU_MEDIATED || v->parents[i].is.kind == VGPU_VENDOR))
                        return "the mapping has no mdev, and its driver makes virtual GPUs";
        return NULL;
}

/* "show gpu0 --format=proxmox" of a device that a rule has. */
static const char *mapping_fix(struct checker *c, const char *name, const struct device *d)
{
        const char *rule = d ? demand_rule_of(c, d) : NULL;

        return rule ? arena_join(c->arena, "put what passthroughctl show ", rule,
                                 " --format=proxmox prints in place of ", name, " in " PVE_MAPPINGS, NULL)
                    : arena_join(c->arena, "correct or remove ", name, " in " PVE_MAPPINGS, NULL);
}

static struct demand path(struct checker *c, const struct pve_mapping *mapping, const struct pve_map *map,
                          const char *address, bool first)
{
        const struct facts *facts = c->plan->facts;
        size_t i = facts_find(facts, address);
        const struct device *d = i == NO_DEVICE ? NULL : &facts->devices[i];
        const char *why, *subsystem, *group;

        if (!d || !demand_on_bus(d, "pci"))
                return (struct demand){CHECK_FAIL,
                                       arena_join(c->arena, address,
                                                  " is not here, and " WHO " starts no machine with this mapping",
                                                  NULL),
                                       mapping_fix(c, mapping->name, NULL)};
        if (!*d->id)
                return (struct demand){CHECK_UNKNOWN,
                                       arena_join(c->arena, "the ID and the group of ", address, " do not show", NULL),
                                       ""};
        subsystem = *pci_of(d)->subsystem ? pci_of(d)->subsystem : NULL;
        group = d->group == NO_GROUP ? NULL : arena_printf(c->arena, "%d", d->group);
        why = mdev_wrong(c, mapping, i);
        if (!why && !differs(c, "id", map->id, d->id, &why) &&
            !(first && differs(c, "iommugroup", map->iommugroup, group, &why)) &&
            !differs(c, "subsystem-id", map->subsystem_id, subsystem, &why))
                return (struct demand){CHECK_PASS,
                                       arena_join(c->arena, address,
                                                  " has the ID, the subsystem and the IOMMU group that "
                                                  "the mapping has",
                                                  NULL),
                                       ""};
        return (struct demand){CHECK_FAIL,
                               arena_join(c->arena, address, ": ", why, "; " WHO " starts no machine with it", NULL),
                               mapping_fix(c, mapping->name, d)};
}

static void add_paths(struct checker *c, const struct pve_mapping *mapping, const struct pve_map *map,
                      struct demands *list)
{
        char *paths = arena_strdup(c->arena, map->paths ? map->paths : ""), *one;
        bool first = true;

        while ((one = strsep(&paths, ";"))) {
                const char *address = strchr(one, '.') ? one : arena_join(c->arena, one, ".0", NULL);

                demands_add(c, list, mapping->name, path(c, mapping, map, address, first));
                first = false;
        }
}

/* The name that Proxmox has for this host: without its domain. */
static bool is_here(const struct checker *c, const char *node)
{
        const char *name = c->plan->facts->hostname;
        size_t n = strcspn(name, ".");

        return node && strlen(node) == n && strncmp(node, name, n) == 0;
}

static void mappings(struct checker *c)
{
        static const char id[] = "proxmox.mapping";
        const struct pve_mappings *m = &c->facts->mappings;
        struct demands list = {};

        if (m->source == SOURCE_UNREADABLE || (m->source == SOURCE_READ && !c->plan->facts->hostname)) {
                check_row(c, id, CHECK_UNKNOWN, "", "%s",
                          m->source == SOURCE_READ ? "which lines of " PVE_MAPPINGS " are about this host does not show"
                                                   : PVE_MAPPINGS " cannot be read");
                return;
        }
        for (size_t i = 0; i < m->n; i++)
                for (size_t k = 0; k < m->v[i].n_maps; k++)
                        if (is_here(c, m->v[i].maps[k].node))
                                add_paths(c, &m->v[i], &m->v[i].maps[k], &list);
        demands_put(c, id, &list, PVE_MAPPINGS " has nothing of this host");
}

/* ---- virtual GPUs ------------------------------------------------------------------------------------------------ */

static void mdevs(struct checker *c)
{
        const struct vgpu_plan *v = c->plan->vgpu;
        struct demands list = {};

        for (size_t i = 0; v && i < v->n_parents; i++) {
                const struct plan_entry *e = &c->plan->entries[v->parents[i].entry];
                const struct rule *rule = &c->plan->config->rules[e->rule];

                if (check_makes_vgpus(rule))
                        demands_add(c, &list, check_device(c, e)->address,
                                    (struct demand){CHECK_WARN,
                                                    WHO
                                                    " makes virtual GPUs itself when a machine starts, and takes none "
                                                    "of those that the rule makes",
                                                    arena_join(c->arena,
                                                               "write mdev=TYPE behind the device in hostpciN "
                                                               "of the machine, and passthroughctl remove ",
                                                               rule->name, NULL)});
        }
        demands_put(c, "proxmox.mdev", &list, DEMANDS_NO_VGPUS);
}

static void rows(struct checker *c)
{
        demands_each(c, "proxmox.driver", driver);
        mappings(c);
        mdevs(c);
}

const struct check_consumer check_for_proxmox = {.name = "proxmox", .rows = rows};
