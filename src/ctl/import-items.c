/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of an import have in common. */
#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"
#include "ctl/import.h"
#include "facts/match.h"

void import_note(const struct import *m, const char *format, ...)
{
        struct arena *a = &m->edit.c->arena;
        const struct screen s = screen_of(m->edit.show ? stdout : stderr, a);
        va_list ap;
        char *text;

        va_start(ap, format);
        text = arena_vprintf(a, format, ap);
        va_end(ap);
        screen_skip(&s, 2);
        screen_wrap(&s, 2, 4, text);
}

void import_add(struct import *m, const struct item *item)
{
        struct item *slot = arena_grow(&m->edit.c->arena, &m->items, m->n, sizeof(*slot));

        *slot = *item;
        slot->draft = SIZE_MAX;
        m->n++;
}

const char *import_name(struct arena *a, const char *prefix, const char *address)
{
        char *name = arena_join(a, prefix, "-", startswith(address, "0000:") ? address + 5 : address, NULL);

        for (char *c = name; *c; c++)
                if (*c == ':')
                        *c = '-';
        return name;
}

const char *import_file(const struct import *m, const char *name)
{
        const char *files[CONFIG_PLACES];

        edit_find(m->edit.c, name, files);
        for (size_t i = 0; i < CONFIG_PLACES; i++)
                if (files[i])
                        return files[i];
        return NULL;
}

void import_device(struct import *m, const char *from, const char *prefix, size_t device, const char *driver)
{
        struct arena *a = &m->edit.c->arena;
        const struct facts *facts = &m->edit.c->facts;
        size_t *devices = arena_alloc(a, sizeof(*devices));
        struct item item = {.from = from, .driver = driver, .device = devices, .n_devices = 1};
        const char *why;

        *devices = device;
        item.name = import_name(a, prefix, facts->devices[device].address);
        propose_match(a, facts, devices, 1, &item.match, &why);
        if (!item.match)
                import_note(m, "%s is left alone: %s", from, why);
        else
                import_add(m, &item);
}

/* ---- ids= ----------------------------------------------------------------------------------------------------------
 */

/* "vendor:device[:subvendor[:subdevice[:class[:class_mask]]]]" (vfio_pci_fill_ids()); what is left out is any. */
struct wanted {
        uint32_t vendor, device, subvendor, subdevice, class, mask;
        size_t n; /* of them that are given */
};

static bool parse(const char *text, struct wanted *ret)
{
        uint32_t *const fields[] = {&ret->vendor,    &ret->device, &ret->subvendor,
                                    &ret->subdevice, &ret->class,  &ret->mask};
        char copy[80], *rest = copy, *word;
        size_t n = 0;

        *ret = (struct wanted){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 0, 0, 0};
        if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
                return false;
        while ((word = strsep(&rest, ":"))) {
                if (n == ARRAY_SIZE(fields) || !str_to_u32(startswith(word, "0x") ? word + 2 : word, 16, fields[n]))
                        return false;
                n++;
        }
        ret->n = n;
        return n >= 2;
}

/* "1002-5159", however long the numbers are written there. */
static const char *name_of(struct arena *a, const struct wanted *w)
{
        const uint32_t fields[] = {w->vendor, w->device, w->subvendor, w->subdevice, w->class, w->mask};
        const char *name = "";

        for (size_t i = 0; i < w->n; i++)
                name = arena_printf(a, "%s%s%0*x", name, i > 0 ? "-" : "", i < 4 ? 4 : 6, fields[i]);
        return name;
}

static const char *id_text(struct arena *a, uint32_t vendor, uint32_t device)
{
        if (vendor == UINT32_MAX)
                return arena_printf(a, "*:%04x", device);
        return device == UINT32_MAX ? arena_printf(a, "%04x:*", vendor) : arena_printf(a, "%04x:%04x", vendor, device);
}

/* The lines of [Match], and a rule that has them; NULL where no rule can say that. */
static const char *match_of(struct arena *a, const struct bus_syntax *bus, const struct wanted *w, struct rule *rule)
{
        const char *id = id_text(a, w->vendor, w->device), *text;
        unsigned digits = w->mask == 0xffffff ? 6 : w->mask == 0xffff00 ? 4 : w->mask == 0xff0000 ? 2 : 0;

        *rule = RULE_INIT;
        rule->bus = bus;
        if ((w->vendor == UINT32_MAX && w->device == UINT32_MAX) || (w->mask != 0 && digits == 0) ||
            !bus->parse(MATCH_ID, a, id, &rule->match[MATCH_ID]))
                return NULL;
        text = arena_join(a, "ID=", id, "\n", NULL);
        if (w->subvendor != UINT32_MAX || w->subdevice != UINT32_MAX) {
                id = id_text(a, w->subvendor, w->subdevice);
                if (!bus->parse(MATCH_SUBSYSTEM, a, id, &rule->match[MATCH_SUBSYSTEM]))
                        return NULL;
                text = arena_join(a, text, "Subsystem=", id, "\n", NULL);
        }
        if (digits > 0) {
                const char *class = arena_printf(a, "%0*x", (int)digits, w->class >> (24 - 4 * digits));

                if (!bus->parse(MATCH_CLASS, a, class, &rule->match[MATCH_CLASS]))
                        return NULL;
                text = arena_join(a, text, "Class=", class, "\n", NULL);
        }
        return text;
}

bool import_parse_ids(struct ctl *c, const char *ids, struct import_ids *ret)
{
        const struct facts *facts = &c->facts;
        struct wanted wanted;
        struct rule rule;
        size_t *slot;

        *ret = (struct import_ids){};
        if (!parse(ids, &wanted) || !(ret->match = match_of(&c->arena, bus_syntaxes[0], &wanted, &rule)))
                return false;
        ret->name = name_of(&c->arena, &wanted);
        for (size_t i = 0; i < facts->n_devices; i++) {
                if (facts->devices[i].roles & ROLE_BRIDGE || !match_device(&rule, facts, &facts->devices[i]))
                        continue;
                slot = arena_grow(&c->arena, &ret->device, ret->n_devices, sizeof(*slot));
                *slot = i;
                ret->n_devices++;
        }
        return true;
}

struct strings import_split_ids(struct arena *a, const char *value)
{
        char *copy = arena_strdup(a, value), *ids;
        struct strings list = {};

        str_lower(copy);
        copy += strspn(copy, "\"'");
        copy[strcspn(copy, "\"'")] = '\0';
        while ((ids = strsep(&copy, ",")))
                if (*ids)
                        strings_add(a, &list, ids);
        return list;
}

void import_add_ids(struct import *m, const char *ids, const char *prefix, const char *from)
{
        struct arena *a = &m->edit.c->arena;
        struct item item = {.from = str_printable(a, from)};
        struct import_ids wanted;

        if (!import_parse_ids(m->edit.c, ids, &wanted)) {
                import_note(m, "%s is left alone: no rule can say that", item.from);
                return;
        }
        if (wanted.n_devices == 0) {
                import_note(m, "%s is left alone: there is no such device here", item.from);
                return;
        }
        item.match = wanted.match;
        item.device = wanted.device;
        item.n_devices = wanted.n_devices;
        item.name = arena_join(a, prefix, "-", wanted.name, NULL);
        import_add(m, &item);
}
