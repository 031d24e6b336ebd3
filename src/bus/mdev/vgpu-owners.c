/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who else makes virtual GPUs: definitions of mdevctl(8), /etc/mdevctl.d/PARENT/UUID, and the services that make the
 * virtual functions of NVIDIA's cards.
 */
#include <json-c/json.h>

#include "base/str.h"
#include "bus/mdev/vgpu-making.h"

#define DEFINITIONS "/etc/mdevctl.d"

struct finder {
        const struct root *root;
        struct arena *arena;
        struct vgpu_owner **owners;
        size_t *n;
};

static struct vgpu_owner *add(const struct finder *x, const char *who, const char *parent)
{
        struct vgpu_owner *o = arena_grow(x->arena, x->owners, (*x->n)++, sizeof(**x->owners));

        *o = (struct vgpu_owner){.who = who, .parent = parent};
        return o;
}

static const char *text_of(const struct finder *x, struct json_object *o, const char *name)
{
        struct json_object *v;

        if (!json_object_object_get_ex(o, name, &v) || !json_object_is_type(v, json_type_string))
                return NULL;
        return str_printable(x->arena, json_object_get_string(v));
}

/* The first of "attrs": [{"NAME": "VALUE"}, ...], which are of the device itself. */
static const char *attribute_of(const struct finder *x, struct json_object *content)
{
        struct json_object *list, *first;
        struct json_object_iterator at, end;

        if (!json_object_object_get_ex(content, "attrs", &list) || json_object_is_type(list, json_type_null))
                return NULL;
        if (!json_object_is_type(list, json_type_array))
                return "attributes";
        if (json_object_array_length(list) == 0)
                return NULL;
        first = json_object_array_get_idx(list, 0);
        if (!json_object_is_type(first, json_type_object))
                return "attributes";
        at = json_object_iter_begin(first);
        end = json_object_iter_end(first);
        return json_object_iter_equal(&at, &end) ? "attributes"
                                                 : str_printable(x->arena, json_object_iter_peek_name(&at));
}

static void read_definition(const struct finder *x, const char *file, struct vgpu_owner *o)
{
        struct json_object *content;
        const char *start = NULL;
        char *text;
        size_t size;

        if (root_look(x->root, x->arena, file, &text, &size) == SOURCE_READ && (content = json_tokener_parse(text))) {
                if (json_object_is_type(content, json_type_object)) {
                        o->type = text_of(x, content, "mdev_type");
                        start = text_of(x, content, "start");
                        o->attribute = attribute_of(x, content);
                }
                json_object_put(content);
        }
        o->unreadable = !o->type || !start;
        o->automatic = streq_ptr(start, "auto");
}

static void read_parent(const struct finder *x, const char *parent)
{
        const char **names, *dir = arena_join(x->arena, DEFINITIONS "/", parent, NULL);
        size_t n;

        if (root_look_in(x->root, x->arena, dir, &names, &n) == SOURCE_UNREADABLE)
                add(x, dir, parent)->unreadable = true;
        for (size_t i = 0; i < n; i++) {
                const char *file = arena_join(x->arena, dir, "/", names[i], NULL);
                char *uuid = arena_strdup(x->arena, names[i]);
                struct vgpu_owner *o;

                if (!str_is_uuid(uuid))
                        continue;
                str_lower(uuid);
                o = add(x, file, parent);
                o->uuid = uuid;
                read_definition(x, file, o);
        }
}

void vgpu_owners_read(const struct root *root, struct arena *a, struct vgpu_owner **ret, size_t *ret_n)
{
        const struct finder x = {root, a, ret, ret_n};
        struct owners services = {};
        const char **parents;
        size_t n;

        *ret = NULL;
        *ret_n = 0;
        if (root_look_in(root, a, DEFINITIONS, &parents, &n) == SOURCE_UNREADABLE)
                add(&x, DEFINITIONS, NULL)->unreadable = true;
        for (size_t i = 0; i < n; i++)
                read_parent(&x, parents[i]);
        owners_read_nvidia(root, a, &services);
        for (size_t i = 0; i < services.n; i++) {
                struct vgpu_owner *o = add(&x, services.v[i].file, services.v[i].address);

                o->unreadable = services.v[i].unreadable;
                o->automatic = true;
        }
}
