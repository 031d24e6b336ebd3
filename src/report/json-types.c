/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list --types as a document. */
#include "report/json-device.h"
#include "report/types.h"
#include "report/vgpu-lines.h"

static const char *const vgpu_kind_names[] = {"none", "mediated", "vendor", "functions"};

static void add_number(struct json_object *o, const char *name, bool known, uint32_t number)
{
        if (known)
                add(o, name, json_object_new_int64(number));
        else
                json_object_object_add(o, name, NULL);
}

static void add_types(struct json_object *o, const struct types_of *x)
{
        struct json_object *array = add_array(o, "types");

        for (size_t i = 0; i < x->n; i++) {
                const struct types_row *row = &x->rows[i];
                struct json_object *type = append(array);
                uint32_t framebuffer = vgpu_framebuffer(row->type);

                add_string(type, "id", row->type->id);
                add_string(type, "name", row->type->name);
                add_string(type, "description", row->type->description);
                add_number(type, "framebuffer_mib", framebuffer > 0, framebuffer);
                add_number(type, "available", row->counted, row->least);
                add_number(type, "available_most", row->counted, row->most);
        }
}

static void add_made(struct json_object *o, const struct listing *list, const struct types_of *x, struct arena *a)
{
        const struct facts *facts = list->plan->facts;
        struct json_object *array = add_array(o, "made");

        for (size_t i = 0; i < facts->n_devices; i++) {
                const struct device *d = &facts->devices[i];
                const struct plan_entry *e = plan_find(list->plan, i);
                struct json_object *made;

                if (!device_is_vgpu(d) || listing_vgpu_of(list, i) != x->device)
                        continue;
                made = append(array);
                json_device(made, d->bus->syntax->name, d->address, d->id, d->class, d->group);
                add_string(made, "parent", d->parent);
                add_string(made, "type", d->vgpu);
                add_string(made, "driver", d->driver_now);
                add_string(made, "rule", e && e->action != ACTION_KEEP ? list->plan->config->rules[e->rule].name : "");
                add_string(made, "by", listing_vgpu_owner(list, a, i));
        }
}

static void add_definitions(struct json_object *o, const struct listing *list, const struct types_of *x)
{
        struct json_object *array = add_array(o, "definitions");

        for (size_t i = 0; i < x->is->n_owners; i++) {
                struct json_object *owner;

                if (!listing_vgpu_owner_of(list, &x->is->owners[i], x->device))
                        continue;
                owner = append(array);
                add_string(owner, "who", x->is->owners[i].who);
                add_string(owner, "uuid", x->is->owners[i].uuid);
                add_string(owner, "type", x->is->owners[i].type);
                add_bool(owner, "automatic", x->is->owners[i].automatic);
                add_bool(owner, "readable", !x->is->owners[i].unreadable);
        }
}

void json_types(FILE *f, const struct listing *list, size_t one, struct arena *a, const struct diags *errors)
{
        struct json_object *document = start(), *array = add_array(document, "parents");
        size_t n;
        const struct types_of *found = types_find(list, one, a, &n);

        for (size_t i = 0; i < n; i++) {
                const struct types_of *x = &found[i];
                const struct device *d = &list->plan->facts->devices[x->device];
                const struct plan_entry *e = plan_find(list->plan, x->device);
                struct json_object *o = append(array);

                json_device(o, d->bus->syntax->name, d->address, d->id, d->class, d->group);
                add_string(o, "device_name", model_short(a, d, &list->names[x->device]));
                add_string(o, "driver", d->driver_now);
                add_string(o, "rule", e ? list->plan->config->rules[e->rule].name : "");
                add_string(o, "kind", vgpu_kind_names[x->kind]);
                add_number(o, "virtual_functions", true, x->is->enabled);
                add_number(o, "virtual_functions_most", true, x->is->total);
                add_string(o, "message", x->none);
                add_types(o, x);
                add_made(o, list, x, a);
                add_definitions(o, list, x);
        }
        add_errors(document, errors);
        finish(f, document);
}
