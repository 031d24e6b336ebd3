/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/attribute.h"

#include "base/str.h"

/* What a rule says with keys of its own, or what would take the device away under the plan. */
static const char *attribute_owner(const char *name)
{
        static const struct {
                const char *name, *instead;
        } owned[] = {
                {"driver_override", "Driver= sets it"},      {"reset_method", "ResetMethod= sets it"},
                {"sriov_numvfs", "[SR-IOV] sets it"},        {"sriov_drivers_autoprobe", "[SR-IOV] sets it"},
                {"remove", "it would take the device away"}, {"rescan", "it is not a setting"},
                {"uevent", "it is not a setting"},           {"reset", "it is not a setting"},
                {"config", "it is not a setting"},           {"rom", "it is not a setting"},
                {"new_id", "it is not a setting"},           {"remove_id", "it is not a setting"},
        };
        size_t n = strcspn(name, "/");

        if (strlen(name) > SHOWN)
                return "no attribute has such a name";
        /* Most of what else looks like a directory there is a link to another device, its driver or its bus. */
        if (name[n] == '/' && strncmp(name, "power", n) != 0 && strncmp(name, "link", n) != 0)
                return "it leads out of the device's directory";
        for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
                if (n == strlen(owned[i].name) && strncmp(name, owned[i].name, n) == 0)
                        return owned[i].instead;
        return NULL;
}

bool attribute_parse(struct arena *a, const struct key_place *place, const char *value, struct attribute **list,
                     size_t *n)
{
        const char *equals = strchr(value, '='), *owner;
        struct attribute *attribute;
        char *name, *printable;

        if (!*value) {
                *list = NULL;
                *n = 0;
                return true;
        }
        if (!equals || !equals[1])
                return false;
        name = arena_strndup(a, value, (size_t)(equals - value));
        if (!*name || *name == '/' || *name == '.' || strstr(name, "/.") || strchr(name, ' '))
                return false;
        owner = attribute_owner(name);
        if (owner) {
                diag_add(place->diags, DIAG_ERROR, place->file, place->line,
                         "Attribute=%.*s: \"%s\" is not for a rule to write; %s", SHOWN, value, name, owner);
                return true;
        }

        attribute = arena_grow(a, list, *n, sizeof(**list));
        attribute->name = name;
        attribute->value = arena_strdup(a, equals + 1);
        printable = arena_strdup(a, value);
        str_make_printable(printable);
        if (!streq(printable, value))
                return false;
        (*n)++;
        return true;
}
