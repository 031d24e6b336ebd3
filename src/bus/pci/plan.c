/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hands a PCI function over and gives it back, in the order it is done (Documentation/ABI/testing/sysfs-bus-pci:
 * driver_override, unbind, drivers_probe, reset_method).
 */
#include "bus/pci/pci.h"

#include "base/str.h"
#include "plan/planner.h"

#define DEVICES "/sys/bus/pci/devices/"
#define PROBE   "/sys/bus/pci/drivers_probe"

struct way {
        struct arena *arena;
        const char *direct; /* its directory without a link in the path, or NULL */
        const struct device *d;
        struct ops *ops;
};

/* One of the function's own files: what the operations name. */
static const char *file_of(const struct way *w, const char *file)
{
        return arena_join(w->arena, DEVICES, w->d->address, "/", file, NULL);
}

/* An operation on one of the function's own files. */
static struct op *add(const struct way *w, enum op_kind kind, const char *file, const char *value, const char *why)
{
        struct op *op = ops_add(w->arena, w->ops, kind, file_of(w, file), value, why);

        if (w->direct)
                op->file = arena_join(w->arena, w->direct, "/", file, NULL);
        return op;
}

static struct op *add_unbind(const struct way *w, const char *driver, const char *why)
{
        struct op *op = add(w, OP_WRITE, "driver/unbind", w->d->address, why);

        op->task = arena_join(w->arena, "unbinding ", w->d->address, " from ", driver, NULL);
        return op;
}

static void add_probe(const struct way *w)
{
        struct op *op = ops_add(w->arena, w->ops, OP_WRITE, PROBE, w->d->address, "binds it");

        op->flags = OP_SHARED;
        op->task = arena_join(w->arena, "binding ", w->d->address, NULL);
}

/* power/... is written once the driver has the device: vfio-pci allows runtime power management when it binds. */
static void add_attributes(const struct way *w, const struct rule *rule, bool power)
{
        for (size_t i = 0; i < rule->n_attributes; i++)
                if (startswith(rule->attributes[i].name, "power/") == power)
                        add(w, OP_WRITE, rule->attributes[i].name, rule->attributes[i].value, "Attribute=");
}

void pci_take(struct planner *p, size_t entry, struct ops *ops)
{
        const struct plan_entry *e = &p->plan->entries[entry];
        const struct device *d = entry_device(p, e);
        const struct way w = {.arena = p->arena, .direct = d->sysfs, .d = d, .ops = ops};
        bool bound = streq_ptr(d->driver, e->driver);
        /* They are settings of what the rule matches; a companion is another kind of device. */
        const struct rule *settings = e->leader == NO_ENTRY ? &p->config->rules[e->rule] : NULL;

        /* A virtual GPU stays with the driver that has made it. */
        if (d->vgpu && bound) {
                add(&w, OP_VERIFY, "driver", e->driver, "virtual machines open it through that driver");
                return;
        }
        if (!streq_ptr(d->driver_override, e->driver))
                add(&w, OP_WRITE, "driver_override", e->driver, "no other driver may bind it from here on");
        if (d->driver && !bound)
                add_unbind(&w, d->driver, arena_join(w.arena, d->driver, " has it", NULL));
        /* Before VFIO resets the device for the first time, which it does when somebody opens it. */
        if (settings && settings->reset_method)
                add(&w, OP_WRITE, "reset_method", settings->reset_method, "ResetMethod=");
        if (settings)
                add_attributes(&w, settings, false);
        if (!bound)
                add_probe(&w);
        add(&w, OP_VERIFY, "driver", e->driver, "drivers_probe succeeds whether a driver bound or not");
        if (settings)
                add_attributes(&w, settings, true);
}

/*
 * Its native driver may never have been asked for in this boot. It is loaded while the device still has an override, so
 * that it is not bound from within the loading of a module, which nothing bounds.
 */
void pci_give(struct arena *a, const struct device *d, const char *driver, struct ops *ops)
{
        const struct way w = {.arena = a, .d = d, .ops = ops};
        const char *link = file_of(&w, "driver");
        bool set = streq_ptr(d->driver_override, driver);
        struct op *op;

        if (d->vgpu && streq_ptr(d->driver, driver)) {
                add(&w, OP_WRITE, "nvidia/current_vgpu_type", "0", "it is no virtual GPU any more");
                return;
        }
        add(&w, OP_LOAD, "modalias", "", "its driver of the host has to be there")->flags = OP_ALIAS | OP_OPTIONAL;
        /* "\n" clears; a write of nothing would change nothing. */
        op = add(&w, OP_WRITE, "driver_override", d->driver_override && !set ? d->driver_override : "\n",
                 "drivers of the host may bind it again");
        op->flags = set ? OP_FOUND : 0;
        op = add_unbind(&w, driver, "while it has that driver");
        op->flags = streq_ptr(d->driver, driver) ? OP_FOUND : 0;
        op->link = link;
        op->ends = driver;
        add_probe(&w);
        ops_add(a, ops, OP_VERIFY, link, driver, "it must not lead there any more")->flags = OP_GONE;
}
