/* SPDX-License-Identifier: GPL-2.0-or-later */
/* add --from=: rules for what driverctl, or ids= of vfio-pci in modprobe.d, hands over already. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "config/driver.h"
#include "ctl/offer.h"
#include "facts/ids.h"
#include "facts/match.h"
#include "facts/rivals.h"
#include "report/json.h"

/* What one override, or one of ids=, hands over. */
struct item {
        const char *from;     /* "/etc/driverctl.d/pci-0000:42:00.0", "... of \"options vfio-pci ...\" in FILE" */
        const char *name;     /* of the rule */
        const char *match;    /* its [Match] */
        const char *driver;   /* or NULL: vfio-pci */
        const size_t *device; /* that are here */
        size_t n_devices;
        bool alone;   /* one of them would take along what nothing here hands over */
        size_t draft; /* that takes its place, or SIZE_MAX */
};

struct import {
        struct edit edit;
        struct rivals theirs;
        struct item *items;
        size_t n;
};

static void note(const struct import *m, const char *format, ...) _printf_(2, 3);
static void note(const struct import *m, const char *format, ...)
{
        FILE *f = m->edit.show ? stdout : stderr;
        va_list ap;

        fputs("note: ", f);
        va_start(ap, format);
        vfprintf(f, format, ap);
        va_end(ap);
        fputc('\n', f);
}

static void add_item(struct import *m, const struct item *item)
{
        struct item *slot = arena_grow(&m->edit.c->arena, &m->items, m->n, sizeof(*slot));

        *slot = *item;
        slot->draft = SIZE_MAX;
        m->n++;
}

/* ---- driverctl -----------------------------------------------------------------------------------------------------
 */

/* "driverctl-42-00.0" */
static const char *name_after(struct arena *a, const char *address)
{
        char *name = arena_join(a, "driverctl-", startswith(address, "0000:") ? address + 5 : address, NULL);

        for (char *c = name; c && *c; c++)
                if (*c == ':')
                        *c = '-';
        return name;
}

static void read_override(struct import *m, const struct override *o)
{
        struct arena *a = &m->edit.c->arena;
        const struct facts *facts = &m->edit.c->facts;
        struct item item = {.from = o->file};
        size_t *device = arena_alloc(a, sizeof(*device));
        const char *why;

        if (!facts_find_written(facts, o->address, device)) {
                note(m, "%s is left alone: it is about no PCI device", o->file);
                return;
        }
        if (*device == NO_DEVICE || !*o->driver || streq(o->driver, "none") || strpbrk(o->driver, " \t\r\n")) {
                note(m, "%s is left alone: %s", o->file,
                     *device == NO_DEVICE ? "there is no such device here" : "it names no driver");
                return;
        }
        item.device = device;
        item.n_devices = 1;
        item.driver = streq(o->driver, "vfio-pci") ? NULL : o->driver;
        item.name = name_after(a, facts->devices[*device].address);
        propose_match(a, facts, device, 1, &item.match, &why);
        if (!item.match) {
                note(m, "%s is left alone: %s", o->file, why);
                return;
        }
        add_item(m, &item);
}

static void read_driverctl(struct import *m)
{
        rivals_read_driverctl(&m->edit.c->root, &m->edit.c->arena, &m->theirs);
        for (size_t i = 0; i < m->theirs.n_driverctl; i++)
                read_override(m, &m->theirs.driverctl[i]);
}

/* ---- modprobe ------------------------------------------------------------------------------------------------------
 */

/* "vendor:device[:subvendor[:subdevice[:class[:class_mask]]]]" (vfio_pci_fill_ids()); what is left out is any. */
struct wanted {
        uint32_t vendor, device, subvendor, subdevice, class, mask;
        size_t n; /* of them that are given */
};

static bool parse_ids(const char *text, struct wanted *ret)
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

/* "modprobe-1002-5159", however long the numbers are written there. */
static const char *name_of(struct arena *a, const struct wanted *w)
{
        const uint32_t fields[] = {w->vendor, w->device, w->subvendor, w->subdevice, w->class, w->mask};
        const char *name = "modprobe";

        for (size_t i = 0; i < w->n; i++)
                name = arena_printf(a, "%s-%0*x", name, i < 4 ? 4 : 6, fields[i]);
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

static void read_ids(struct import *m, const char *ids, const struct ids_line *line)
{
        struct arena *a = &m->edit.c->arena;
        const struct facts *facts = &m->edit.c->facts;
        struct item item = {};
        size_t *devices = NULL, *slot;
        struct wanted wanted;
        struct rule rule;
        char *from = arena_printf(a, "%s of \"%s\" in %s", ids, line->text, line->file);

        str_make_printable(from); /* it goes into a line of a file */
        item.from = from;
        if (!parse_ids(ids, &wanted) || !(item.match = match_of(a, bus_syntaxes[0], &wanted, &rule))) {
                note(m, "%s is left alone: no rule can say that", item.from);
                return;
        }
        for (size_t i = 0; i < facts->n_devices; i++) {
                if (facts->devices[i].roles & ROLE_BRIDGE || !match_device(&rule, facts, &facts->devices[i]))
                        continue;
                slot = arena_grow(a, &devices, item.n_devices, sizeof(*devices));
                *slot = i;
                item.n_devices++;
        }
        if (item.n_devices == 0) {
                note(m, "%s is left alone: there is no such device here", item.from);
                return;
        }
        item.device = devices;
        item.name = name_of(a, &wanted);
        add_item(m, &item);
}

static void read_modprobe(struct import *m)
{
        struct arena *a = &m->edit.c->arena;
        struct ids theirs;

        ids_read_modprobe(&m->edit.c->root, a, &theirs);
        for (size_t i = 0; i < theirs.n_lines; i++) {
                char *value, *ids;

                if (!streq(theirs.lines[i].driver, DRIVER_VFIO_PCI))
                        continue;
                if (!theirs.lines[i].last) {
                        note(m, "\"%s\" in %s is left alone: another line has the last word", theirs.lines[i].text,
                             theirs.lines[i].file);
                        continue;
                }
                value = arena_strdup(a, theirs.lines[i].value);
                str_lower(value);
                value += strspn(value, "'");
                value[strcspn(value, "\"'")] = '\0';
                while ((ids = strsep(&value, ",")))
                        if (*ids)
                                read_ids(m, ids, &theirs.lines[i]);
        }
}

/* ---- rules ---------------------------------------------------------------------------------------------------------
 */

static bool hands_over(const struct import *m, size_t device)
{
        for (size_t i = 0; i < m->n; i++)
                for (size_t d = 0; d < m->items[i].n_devices; d++)
                        if (m->items[i].device[d] == device)
                                return true;
        return false;
}

/* An import takes no more than its source. */
static void find_alone(struct import *m)
{
        const struct facts *facts = &m->edit.c->facts;

        for (size_t i = 0; i < m->n; i++)
                for (size_t d = 0; d < m->items[i].n_devices; d++)
                        for (size_t other = 0; other < facts->n_devices; other++)
                                if (propose_goes_along(facts, other, m->items[i].device[d]) && !hands_over(m, other))
                                        m->items[i].alone = true;
}

/* The item whose rule takes all of this one's devices along unasked, or SIZE_MAX. */
static size_t leader_of(const struct import *m, size_t i)
{
        const struct item *item = &m->items[i];
        size_t leader = SIZE_MAX;

        for (size_t d = 0; d < item->n_devices; d++) {
                size_t with = SIZE_MAX;

                for (size_t j = 0; j < m->n && with == SIZE_MAX; j++)
                        for (size_t e = 0; e < m->items[j].n_devices && !m->items[j].alone &&
                                           streq_ptr(item->driver, m->items[j].driver);
                             e++)
                                if (propose_goes_along(&m->edit.c->facts, item->device[d], m->items[j].device[e]))
                                        with = j;
                if (with == SIZE_MAX || with == i)
                        return SIZE_MAX;
                leader = with;
        }
        return leader;
}

static size_t draft_named(const struct import *m, const char *name)
{
        for (size_t i = 0; i < m->edit.n; i++)
                if (streq(m->edit.drafts[i].name, name))
                        return i;
        return SIZE_MAX;
}

static void draft_item(struct import *m, struct item *item)
{
        struct ctl *c = m->edit.c;
        struct proposal p = {.match = item->match, .expect = item->n_devices};
        const char *files[CONFIG_DIRECTORIES];

        edit_find(c, item->name, files);

        for (size_t i = 0; i < CONFIG_DIRECTORIES; i++)
                if (files[i]) {
                        note(m, "%s is left alone: there is %s already", item->from, files[i]);
                        return;
                }
        item->draft = draft_named(m, item->name);
        if (item->draft != SIZE_MAX)
                return;
        p.comment = arena_join(&c->arena, "# Taken over by passthroughctl add: ", item->from, ".\n", NULL);
        if (item->driver) {
                const char *line = arena_join(&c->arena, "Driver=", item->driver, NULL);

                str_add(&c->arena, &p.settings, &p.n_settings, line);
        }
        if (item->alone)
                str_add(&c->arena, &p.settings, &p.n_settings, "Functions=match");
        edit_add(&m->edit, item->name, &p);
        item->draft = m->edit.n - 1;
}

static void draft_all(struct import *m)
{
        find_alone(m);
        for (size_t i = 0; i < m->n; i++)
                if (leader_of(m, i) == SIZE_MAX)
                        draft_item(m, &m->items[i]);
        for (size_t i = 0; i < m->n; i++) {
                size_t at = i, leader;

                for (size_t hops = 0; hops < m->n && (leader = leader_of(m, at)) != SIZE_MAX; hops++)
                        at = leader;
                m->items[i].draft = m->items[at].draft;
        }
}

/* What only a person may decide: a boot display goes, or more than the source handed over. */
static void tell_offer(const struct import *m, const struct draft *d)
{
        struct ctl *c = m->edit.c;
        struct edit silent = {.c = c}, other;
        const struct offer *offer = offer_find(&silent, d, &other);
        const struct proposal *p;
        size_t rule;

        if (!offer)
                return;
        p = &other.drafts[0].proposal;
        rule = edit_rule(&other, &other.drafts[0]);
        fprintf(stderr, "To hand over %s:\n    passthroughctl add %s", offer->imported, d->name);
        for (size_t i = 0; i < c->plan.n_entries; i++)
                if (c->plan.entries[i].rule == rule && c->plan.entries[i].leader == NO_ENTRY)
                        fprintf(stderr, " %s", c->facts.devices[c->plan.entries[i].device].address);
        for (size_t i = 0; i < p->n_settings; i++)
                fprintf(stderr, " %s", p->settings[i]);
        fputc('\n', stderr);
}

static void tell(const struct import *m, bool written)
{
        bool any = false;

        for (size_t i = 0; i < m->edit.n; i++) {
                if (!m->edit.drafts[i].why)
                        continue;
                fprintf(stderr, "passthroughctl: %s is not written: %s\n", m->edit.drafts[i].path,
                        m->edit.drafts[i].why);
                if (!m->edit.drafts[i].settled)
                        tell_offer(m, &m->edit.drafts[i]);
        }
        for (size_t i = 0; i < m->n && written && m->edit.show; i++) {
                if (m->items[i].draft == SIZE_MAX || m->edit.drafts[m->items[i].draft].why)
                        continue;
                if (!any)
                        puts("next: passthroughctl apply; and once a boot has shown that it works, these can go:");
                any = true;
                printf("    %s\n", m->items[i].from);
        }
}

int import_rules(struct ctl *c)
{
        struct import m = {.edit = {.c = c, .import = true, .show = !c->json}};
        bool driverctl = streq(c->from, "driverctl"), written;
        int k;

        if (!driverctl && !streq(c->from, "modprobe"))
                return ctl_usage("--from=%s: rules are taken over from driverctl or modprobe", c->from);
        if (c->argc > 1)
                return ctl_usage("add --from=%s takes no name and no device", c->from);
        k = edit_look(c);
        if (k != 0)
                return k;
        if (driverctl)
                read_driverctl(&m);
        else
                read_modprobe(&m);
        draft_all(&m);
        if (m.edit.n == 0 && m.edit.show)
                puts("nothing to take over");
        if (m.edit.n == 0) {
                if (c->json)
                        json_added(stdout, NULL, 0, NULL);
                return EXIT_SUCCESS;
        }
        k = edit_judge(&m.edit);
        if (k != 0)
                return k;
        k = edit_write(&m.edit, &written);
        tell(&m, written);
        return k;
}
