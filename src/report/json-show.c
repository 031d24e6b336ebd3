/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The documents of show. */
#include "facts/facts.h"
#include "report/json-device.h"
#include "report/json.h"

/* Where it is, and what it is made of: what monitors and schedulers ask beyond its address. */
static void add_place(struct json_object *o, const struct facts *facts, const struct shown_device *s)
{
        const struct device *d = s->device;
        struct json_object *members = add_array(o, "group_members");
        size_t first, n = d->group == NO_GROUP ? 0 : facts_group(facts, d->group, &first);
        uint32_t node;

        for (size_t i = 0; i < n; i++)
                append_string(members, facts->devices[facts->by_group[first + i]].address);
        if (d->numa_node && str_to_u32(d->numa_node, 10, &node))
                add(o, "numa_node", json_object_new_int64(node));
        else
                json_object_object_add(o, "numa_node", NULL);
        add_string(o, "vfio_device", s->vfio);
        add_string(o, "subsystem", s->subsystem);
        if (d->parent)
                json_made(o, d->parent, d->index);
}

static void add_shown(struct json_object *document, const struct shown *shown)
{
        struct json_object *array = add_array(document, "devices");

        for (size_t i = 0; i < shown->n; i++) {
                const struct shown_device *s = &shown->devices[i];
                const struct device *d = s->device;
                struct json_object *o = append(array);

                json_device(o, d->bus->syntax->name, d->address, d->id, d->class, d->group);
                add_string(o, "rule", shown->plan->config->rules[s->entry->rule].name);
                add_string(o, "state", shown_state_names[s->state]);
                add_place(o, shown->plan->facts, s);
                if (device_is_vgpu(d))
                        add_string(o, "type", d->vgpu);
                json_driver(o, d->bus->syntax->name, s->entry->driver);
                json_name(o, &s->name);
        }
        for (size_t i = 0; i < shown->n_forms; i++)
                add_strings(document, shown->forms[i].name, &shown->forms[i].lines);
}

static struct json_object *add_shown_rule(struct json_object *rules, const struct plan *plan, size_t rule)
{
        struct json_object *o = append(rules);
        char unit[128];

        add_string(o, "name", plan->config->rules[rule].name);
        add_string(o, "state", rule_state_names[plan->rules[rule].state]);
        add_string(o, "message", plan->rules[rule].message);
        /* What the unit of a virtual machine requires; a name has 64 characters at most. */
        snprintf(unit, sizeof(unit), "passthrough@%s.service", plan->config->rules[rule].name);
        add_string(o, "unit", unit);
        return o;
}

void json_show(FILE *f, const struct plan *plan, const bool *rules, const struct shown *shown,
               const struct diags *errors)
{
        struct json_object *document = start(), *array = add_array(document, "rules");

        for (size_t i = 0; i < plan->config->n_rules; i++)
                if (rules[i])
                        add_shown_rule(array, plan, i);
        add_shown(document, shown);
        add_errors(document, errors);
        finish(f, document);
}

void json_show_all(FILE *f, const struct plan *plan, const struct shown *shown, const struct diags *errors)
{
        struct json_object *document = start(), *array = add_array(document, "rules");

        for (size_t i = 0; i < plan->config->n_rules; i++) {
                struct json_object *o = add_shown_rule(array, plan, i);

                add_shown(o, &shown[i]);
        }
        add_errors(document, errors);
        finish(f, document);
}
