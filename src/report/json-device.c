/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json-device.h"

#include "facts/match.h"
#include "plan/sriov.h"
#include "plan/vgpu.h"

void json_device(struct json_object *o, const char *bus, const char *address, const char *id, const char *class,
                 int group)
{
        add_string(o, "bus", bus);
        add_string(o, "address", address);
        add_string(o, "id", id);
        add_string(o, "class", class);
        if (group == NO_GROUP)
                json_object_object_add(o, "group", NULL);
        else
                add(o, "group", json_object_new_int(group));
}

void json_name(struct json_object *o, const struct pci_name *name)
{
        add_string(o, "vendor_name", name->vendor);
        add_string(o, "device_name", name->device);
}

void json_driver(struct json_object *o, const char *bus_name, const char *driver)
{
        const struct bus *bus = bus_named(bus_name);

        add_string(o, "driver",
                   bus && bus->syntax->driverless && streq_ptr(driver, bus->syntax->taken_by) ? "" : driver);
}

void json_made(struct json_object *o, const char *parent, uint32_t index)
{
        add_string(o, "parent", parent);
        if (index != UINT32_MAX)
                add(o, "index", json_object_new_int64(index));
}

void json_made_entry(struct json_object *o, const struct plan *plan, const struct plan_entry *e)
{
        const struct device *d = &plan->facts->devices[e->device];
        const struct rule *rule = &plan->config->rules[e->rule];

        if (!match_makes(rule, plan->facts, d))
                return;
        json_made(o, d->parent, match_made_index(rule, plan->facts, d));
        if (rule->vgpu && d->vgpu)
                add_string(o, "type", d->vgpu);
}

static void add_functions(struct json_object *devices, const struct plan *plan)
{
        for (size_t i = 0; i < plan->sriov->n_functions; i++) {
                const struct sriov_function *f = &plan->sriov->functions[i];
                const struct plan_entry *e = &plan->entries[plan->sriov->parents[f->parent].entry];
                const struct device *parent = &plan->facts->devices[e->device];
                struct json_object *o = append(devices);

                json_device(o, parent->bus->syntax->name, f->address, f->id, parent->class, NO_GROUP);
                json_made(o, parent->address, f->index);
                add_string(o, "rule", plan->config->rules[e->rule].name);
                add_string(o, "action", action_names[f->driver ? ACTION_BIND : ACTION_KEEP]);
                add_string(o, "driver", f->driver);
                add_string(o, "stage", stages[STAGE_HOST].name);
                add_string(o, "reason", "a virtual function that the rule makes");
                add_array(o, "back");
        }
}

static void add_vgpus(struct json_object *devices, const struct plan *plan)
{
        for (size_t i = 0; i < plan->vgpu->n_devices; i++) {
                const struct vgpu_device *v = &plan->vgpu->devices[i];
                const struct plan_entry *e = &plan->entries[plan->vgpu->parents[v->parent].entry];
                size_t at = v->address ? facts_find(plan->facts, v->address) : NO_DEVICE;
                const struct device *is = at == NO_DEVICE ? NULL : &plan->facts->devices[at];
                const struct plan_entry *has = is ? plan_find(plan, at) : NULL;
                struct json_object *o;

                /* It is there, and the next boot makes it again. */
                if (has && has->action != ACTION_KEEP)
                        continue;
                o = append(devices);
                json_device(o, v->bus, v->address, is ? is->id : "", is ? is->class : "", is ? is->group : NO_GROUP);
                json_made(o, v->on && !streq_ptr(v->on, v->address) ? v->on : plan->facts->devices[e->device].address,
                          v->index);
                add_string(o, "type", v->type);
                add_string(o, "rule", plan->config->rules[e->rule].name);
                add_string(o, "action", action_names[ACTION_BIND]);
                add_string(o, "driver", is ? is->driver_now : "");
                add_string(o, "stage",
                           stages[rule_on_demand(&plan->config->rules[e->rule]) ? STAGE_DEMAND : STAGE_HOST].name);
                add_string(o, "reason", "a virtual GPU that the rule makes");
                add_array(o, "back");
        }
}

void json_promised(struct json_object *devices, const struct plan *plan)
{
        if (plan->sriov)
                add_functions(devices, plan);
        if (plan->vgpu)
                add_vgpus(devices, plan);
}
