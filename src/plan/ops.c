/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of a boot: for each stage the drivers that it needs, then device for device what its bus has for it.
 */
#include "plan/ops.h"
#include "base/str.h"
#include "config/driver.h"
#include "plan/planner.h"

const char *const op_names[OP_MAX_] = {"load",    "write",   "verify", "hide",  "verify",
                                       "netlink", "devlink", "nvme",   "claim", "run"};

static bool loaded_before(const struct ops *ops, enum stage stage, const char *module)
{
        for (size_t i = 0; i < ops->n; i++)
                if (ops->v[i].kind == OP_LOAD && ops->v[i].stage == stage && streq(ops->v[i].target, module))
                        return true;
        return false;
}

static const char *why_loaded(const char *options, bool driver)
{
        if (*options)
                return "the driver has to be there before a device is set aside for it; without the ids= of modprobe.d "
                       "and of the kernel command line";
        return driver ? "the driver has to be there before a device is set aside for it"
                      : "virtual machines open the device through it";
}

/* Its driver has to be there by its own name, which need not be its module's. */
static void add_loads(struct planner *p, size_t entry, struct ops *ops)
{
        const struct plan_entry *e = &p->plan->entries[entry];
        const char *modules[DRIVER_MODULES_MAX];
        const struct device *d = entry_device(p, e);
        /* Who has made a virtual GPU is there. */
        size_t n = d->bus->syntax->taken_by || device_is_vgpu(d) ? 0 : driver_modules(e->driver, modules);

        for (size_t i = 0; i < n; i++) {
                const char *options = driver_options(modules[i]);
                bool driver = i == 0;
                struct op *op;

                if (loaded_before(ops, e->stage, modules[i]))
                        continue;
                op = ops_add(p->arena, ops, OP_LOAD, modules[i], options, why_loaded(options, driver));
                op->flags = driver ? 0 : OP_OPTIONAL;
                op->file = arena_join(p->arena, driver ? d->bus->syntax->sysfs : "/sys/module",
                                      driver ? "/drivers/" : "/", modules[i], NULL);
                op->stage = e->stage;
                op->entry = entry;
        }
}

/* udev decides at the device's event, and is waited for. */
static void add_claim(struct arena *a, const struct device *d, const char *rule, struct ops *ops)
{
        struct op *op =
                ops_add(a, ops, OP_CLAIM, arena_join(a, d->sysfs, "/dev", NULL), rule ? rule : "",
                        rule ? "udev has to have it for the rule" : "udev must not have it for a rule any more");

        op->flags = rule ? 0 : OP_GONE;
}

static void take(struct planner *p, size_t entry, struct ops *ops)
{
        const struct plan_entry *e = &p->plan->entries[entry];
        const struct device *d = entry_device(p, e);
        const char *rule = p->config->rules[e->rule].name;

        if (!d->bus->syntax->taken_by || !streq_ptr(d->driver, e->driver) || !streq_ptr(d->claim, rule))
                d->bus->take(p, entry, ops);
        if (d->bus->syntax->taken_by)
                add_claim(p->arena, d, rule, ops);
}

static void give(struct arena *a, const struct device *d, const char *driver, struct ops *ops)
{
        d->bus->give(a, d, driver, ops);
        if (d->bus->syntax->taken_by && d->sysfs)
                add_claim(a, d, NULL, ops);
}

static void add_taking(struct planner *p, size_t entry, struct ops *ops)
{
        struct plan_entry *e = &p->plan->entries[entry];
        const struct device *d = entry_device(p, e);
        size_t first = ops->n;

        take(p, entry, ops);
        give(p->arena, d, e->driver, &e->back);
        for (size_t i = first; i < ops->n; i++) {
                ops->v[i].stage = e->stage;
                ops->v[i].entry = entry;
        }
}

static void each_taken(struct planner *p, enum stage stage, void (*add)(struct planner *, size_t, struct ops *))
{
        struct ops *ops = stage == STAGE_DEMAND ? &p->plan->on_demand : &p->plan->ops;

        for (size_t i = 0; i < p->plan->n_entries; i++)
                if (p->plan->entries[i].action == ACTION_BIND && p->plan->entries[i].stage == stage &&
                    p->plan->entries[i].below == NO_ENTRY)
                        add(p, i, ops);
}

/* What an earlier stage does for a later one stands at its end. */
void planner_operations(struct planner *p)
{
        for (enum stage s = STAGE_AUTO; s < STAGE_MAX_; s++) {
                if (stages[s].hides_storage)
                        planner_hide(p, s, &p->plan->ops);
                each_taken(p, s, add_loads);
                each_taken(p, s, add_taking);
        }
}

struct ops ops_way_back_unrecorded(struct arena *a, const struct device *d, const char *driver)
{
        struct ops back = {};

        give(a, d, driver, &back);
        return back;
}
