/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations that hand one device over (Documentation/ABI/testing/sysfs-bus-pci), in the order they are done. */
#include <errno.h>

#include "base/str.h"
#include "plan/planner.h"

void planner_op(struct planner *p, size_t entry, enum op_kind kind, const char *target, const char *value,
                const char *why, enum stage stage)
{
        struct plan *plan = p->plan;
        struct op *op = arena_grow(p->arena, &plan->ops, plan->n_ops, sizeof(*plan->ops));

        *op = (struct op){.kind = kind, .target = target, .value = value, .why = why, .stage = stage, .entry = entry};
        plan->n_ops++;
}

static void add_op(struct planner *p, size_t entry, enum op_kind kind, const char *target, const char *value,
                   const char *why)
{
        planner_op(p, entry, kind, target, value, why, p->plan->entries[entry].stage);
}

static void load_once(struct planner *p, size_t entry, const char *module, const char *why)
{
        const struct plan *plan = p->plan;

        for (size_t i = 0; i < plan->n_ops; i++)
                if (plan->ops[i].kind == OP_LOAD && plan->ops[i].stage == plan->entries[entry].stage &&
                    streq(plan->ops[i].target, module))
                        return;
        add_op(p, entry, OP_LOAD, module, "", why);
}

static void loads(struct planner *p, enum stage stage)
{
        for (size_t i = 0; i < p->plan->n_entries; i++) {
                const struct plan_entry *e = &p->plan->entries[i];

                if (e->action != ACTION_BIND || e->stage != stage)
                        continue;
                load_once(p, i, e->driver, "the driver has to be there before a device is set aside for it");
                if (driver_is_vfio(e->driver))
                        load_once(p, i, "vfio_iommu_type1", "virtual machines open the device through it");
        }
}

/* power/... is written once the driver has the device: vfio-pci allows runtime power management when it binds. */
static int attributes(struct planner *p, size_t entry, const char *sysfs, bool power)
{
        const struct plan_entry *e = &p->plan->entries[entry];
        const struct rule *rule = &p->config->rules[e->rule];

        /* They are settings of what the rule matches; a companion is another kind of device. */
        for (size_t i = 0; i < rule->n_attributes && e->leader == NO_ENTRY; i++) {
                const struct attribute *attribute = &rule->attributes[i];

                if (startswith(attribute->name, "power/") != power)
                        continue;
                add_op(p, entry, OP_WRITE, arena_printf(p->arena, "%s/%s", sysfs, attribute->name), attribute->value,
                       "Attribute=");
        }
        return 0;
}

/* Before VFIO resets the device for the first time, which it does when somebody opens it. */
static int reset_method(struct planner *p, size_t entry, const char *sysfs)
{
        const struct plan_entry *e = &p->plan->entries[entry];
        const struct rule *rule = &p->config->rules[e->rule];

        if (!rule->reset_method || e->leader != NO_ENTRY)
                return 0;
        add_op(p, entry, OP_WRITE, arena_join(p->arena, sysfs, "/reset_method", NULL), rule->reset_method,
               "ResetMethod=");
        return 0;
}

static int hand_over(struct planner *p, size_t entry)
{
        const struct plan_entry *e = &p->plan->entries[entry];
        const struct device *d = entry_device(p, e);
        const char *sysfs = arena_join(p->arena, "/sys/bus/pci/devices/", d->address, NULL);
        const char *driver = arena_join(p->arena, sysfs ? sysfs : "", "/driver", NULL);
        bool bound = streq_ptr(d->driver, e->driver);
        int k = 0;

        if (k == 0 && !streq_ptr(d->driver_override, e->driver))
                add_op(p, entry, OP_WRITE, arena_join(p->arena, sysfs, "/driver_override", NULL), e->driver,
                       "no other driver may bind it from here on");
        if (k == 0 && d->driver && !bound)
                add_op(p, entry, OP_WRITE, arena_printf(p->arena, "%s/unbind", driver), d->address,
                       arena_printf(p->arena, "%s has it", d->driver));
        if (k == 0)
                k = reset_method(p, entry, sysfs);
        if (k == 0)
                k = attributes(p, entry, sysfs, false);
        if (k == 0 && !bound)
                add_op(p, entry, OP_WRITE, "/sys/bus/pci/drivers_probe", d->address, "binds it");
        if (k == 0)
                add_op(p, entry, OP_VERIFY, driver, e->driver, "drivers_probe succeeds whether a driver bound or not");
        return k == 0 ? attributes(p, entry, sysfs, true) : k;
}

int planner_operations(struct planner *p)
{
        static const enum stage stages[] = {STAGE_INITRD, STAGE_ROOT};

        for (size_t s = 0; s < ARRAY_SIZE(stages); s++) {
                if (stages[s] == STAGE_ROOT)
                        planner_hide(p);
                loads(p, stages[s]);
                for (size_t i = 0; i < p->plan->n_entries; i++)
                        if (p->plan->entries[i].action == ACTION_BIND && p->plan->entries[i].stage == stages[s])
                                hand_over(p, i);
        }
        return 0;
}
