/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/pve-mappings.h"

#include <ctype.h>

#include "base/str.h"

/* "node=pve1,path=0000:42:00.0,id=...". */
static void read_map(struct arena *a, char *text, struct pve_mapping *mapping)
{
        struct pve_map map = {};
        char *part;

        while ((part = strsep(&text, ","))) {
                char *value = strchr(part, '=');
                const struct {
                        const char *key;
                        const char **value;
                } keys[] = {{"node", &map.node},
                            {"path", &map.paths},
                            {"id", &map.id},
                            {"subsystem-id", &map.subsystem_id},
                            {"iommugroup", &map.iommugroup}};

                if (!value)
                        continue;
                *value++ = '\0';
                for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                        if (streq(part, keys[i].key))
                                *keys[i].value = value;
        }
        *(struct pve_map *)arena_grow(a, &mapping->maps, mapping->n_maps, sizeof(map)) = map;
        mapping->n_maps++;
}

/* A line that is set in: a key, blanks, a value. */
static void read_property(struct arena *a, char *line, struct pve_mapping *mapping)
{
        char *key = strsep(&line, " \t"), *value = line ? str_trim(line) : NULL;

        if (value && streq(key, "map"))
                read_map(a, value, mapping);
        else if (value && streq(key, "mdev") && !str_to_bool(value, &mapping->mdev))
                mapping->mdev = false;
}

void pve_mappings_read(const struct root *root, struct arena *a, struct pve_mappings *ret)
{
        char *text, *line;
        size_t size;

        *ret = (struct pve_mappings){};
        ret->source = root_look(root, a, PVE_MAPPINGS, &text, &size);
        while (text && (line = strsep(&text, "\n"))) {
                bool inside = isspace((unsigned char)*line);
                char *s = str_trim(line);

                if (!*s || *s == '#')
                        continue;
                if (inside && ret->n > 0)
                        read_property(a, s, &ret->v[ret->n - 1]);
                if (inside)
                        continue;
                *(struct pve_mapping *)arena_grow(a, &ret->v, ret->n, sizeof(*ret->v)) =
                        (struct pve_mapping){.name = s};
                ret->n++;
        }
}
