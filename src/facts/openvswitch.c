/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/openvswitch.h"

#include <errno.h>
#include <json-c/json.h>

#include "base/str.h"

/* The value of hw-offload of each row, and name and type of each interface, by UUID. */
struct database {
        struct json_object *offload, *names, *types;
};

static const char *text_of(struct json_object *o, const char *key)
{
        struct json_object *x = o ? json_object_object_get(o, key) : NULL;

        return x && json_object_is_type(x, json_type_string) ? json_object_get_string(x) : NULL;
}

static void keep(struct json_object *in, const char *uuid, const char *value)
{
        if (value)
                json_object_object_add(in, uuid, json_object_new_string(value));
        else
                json_object_object_del(in, uuid);
}

static struct json_object *item(struct json_object *array, size_t i)
{
        return array && json_object_is_type(array, json_type_array) ? json_object_array_get_idx(array, i) : NULL;
}

/* A map is ["map", [[KEY, VALUE], ...]]. */
static const char *in_map(struct json_object *map, const char *key)
{
        struct json_object *pairs = item(map, 1), *pair;

        for (size_t i = 0; (pair = item(pairs, i)); i++) {
                const char *k = json_object_get_string(item(pair, 0));

                if (streq_ptr(k, key))
                        return json_object_get_string(item(pair, 1));
        }
        return NULL;
}

/* In a difference, the same pair again takes it away, and one that is not there stays as it was. */
static void apply_config(struct database *db, const char *uuid, struct json_object *row, bool difference)
{
        struct json_object *map = json_object_object_get(row, "other_config");
        const char *value = in_map(map, "hw-offload"), *is = text_of(db->offload, uuid);

        if (!map || (difference && !value))
                return;
        keep(db->offload, uuid, difference && streq_ptr(value, is) ? NULL : value);
}

static void apply_interface(struct database *db, const char *uuid, struct json_object *row)
{
        const char *name = text_of(row, "name"), *type = text_of(row, "type");

        if (name)
                keep(db->names, uuid, name);
        if (type)
                keep(db->types, uuid, type);
}

static void apply(struct database *db, struct json_object *transaction)
{
        bool difference = json_object_get_boolean(json_object_object_get(transaction, "_is_diff"));
        struct json_object *rows = json_object_object_get(transaction, "Open_vSwitch");

        if (rows && json_object_is_type(rows, json_type_object)) {
                json_object_object_foreach (rows, uuid, row) {
                        if (row && json_object_is_type(row, json_type_object))
                                apply_config(db, uuid, row, difference);
                        else
                                keep(db->offload, uuid, NULL);
                }
        }
        rows = json_object_object_get(transaction, "Interface");
        if (!rows || !json_object_is_type(rows, json_type_object))
                return;
        json_object_object_foreach (rows, uuid, row) {
                if (row && json_object_is_type(row, json_type_object))
                        apply_interface(db, uuid, row);
                else
                        keep(db->names, uuid, NULL);
        }
}

/* False: this is no such log. Each record is a line with its length and one with its text; the last may be cut off. */
static bool replay(struct database *db, char *text)
{
        bool any = false;
        char *line;

        if (!startswith(text, "OVSDB JSON "))
                return false;
        while ((line = strsep(&text, "\n"))) {
                struct json_object *o;

                if (*line != '{')
                        continue;
                o = json_tokener_parse(line);
                if (!o && text && *text)
                        return false;
                if (o && json_object_is_type(o, json_type_object))
                        apply(db, o);
                any |= o != NULL;
                json_object_put(o);
        }
        return any;
}

static bool is_there(const char *const *names, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (streq(names[i], name))
                        return true;
        return false;
}

static void judge(const struct root *root, struct arena *a, struct database *db, struct openvswitch *ret)
{
        const char **names, **gone;
        bool listed;
        size_t n;

        ret->offload = NO;
        json_object_object_foreach (db->offload, owner, value) {
                (void)owner;
                if (streq_ptr(json_object_get_string(value), "true"))
                        ret->offload = YES;
        }
        listed = root_look_in(root, a, "/sys/class/net", &names, &n) == SOURCE_READ;
        json_object_object_foreach (db->names, uuid, name) {
                const char *text = json_object_get_string(name), *type = text_of(db->types, uuid);

                /* Other types are Open vSwitch's own. */
                if (!listed || (type && *type && !streq(type, "system")) || is_there(names, n, text))
                        continue;
                gone = arena_grow(a, &ret->gone, ret->n_gone++, sizeof(*gone));
                *gone = arena_strdup(a, text);
        }
}

/* As a database of its own, so that it is read there as it is here. */
static void capture(const struct root *root, struct arena *a, const struct openvswitch *x)
{
        root_made(root, x->file, "OVSDB JSON 0 0");
        root_made(root, x->file, "{\"name\":\"Open_vSwitch\"}");
        if (x->offload == YES)
                root_made(root, x->file,
                          "{\"Open_vSwitch\":{\"0\":{\"other_config\":[\"map\",[[\"hw-offload\",\"true\"]]]}}}");
        for (size_t i = 0; i < x->n_gone; i++)
                root_made(root, x->file, arena_printf(a, "{\"Interface\":{\"%zu\":{\"name\":\"%s\"}}}", i, x->gone[i]));
}

void openvswitch_read(const struct root *root, struct arena *a, struct openvswitch *ret)
{
        /* Debian's first is a link to the second. */
        static const char *const files[] = {"/etc/openvswitch/conf.db", "/var/lib/openvswitch/conf.db"};
        struct database db = {json_object_new_object(), json_object_new_object(), json_object_new_object()};
        struct root untapped = *root;
        char *text = NULL;
        size_t size;

        *ret = (struct openvswitch){.source = SOURCE_ABSENT, .offload = UNKNOWN};
        untapped.tap = NULL;
        for (size_t i = 0; i < ARRAY_SIZE(files) && ret->source == SOURCE_ABSENT; i++) {
                ret->source = root_look(&untapped, a, files[i], &text, &size);
                if (ret->source != SOURCE_READ)
                        root_note(root, ASKED_READ, files[i], NULL, ret->source == SOURCE_ABSENT ? -ENOENT : -EACCES);
                if (ret->source != SOURCE_ABSENT)
                        ret->file = files[i];
        }
        if (ret->source == SOURCE_READ && replay(&db, text)) {
                judge(root, a, &db, ret);
                capture(root, a, ret);
        } else if (ret->source == SOURCE_READ) {
                ret->source = SOURCE_UNREADABLE;
                root_note(root, ASKED_READ, ret->file, NULL, -EBADMSG);
        }
        json_object_put(db.offload);
        json_object_put(db.names);
        json_object_put(db.types);
}
