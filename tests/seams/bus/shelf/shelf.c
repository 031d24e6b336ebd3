/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up bus. /sys/bus/shelf/devices/sSHELF-PLACE has the files id, class and owner; who is written to owner has the
 * device, and the link lent leads there.
 */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "bus/bus.h"
#include "facts/facts.h"
#include "plan/planner.h"

#define SHELF   "/sys/bus/shelf"
#define DEVICES SHELF "/devices/"

struct place {
        unsigned shelf, place;
};

extern const struct bus_syntax shelf_syntax;
extern const struct bus_source shelf_source;

static bool take_place(const char *text, const char *format, struct place *ret)
{
        int n = 0;

        return sscanf(text, format, &ret->shelf, &ret->place, &n) == 2 && n > 0 && !text[n];
}

static bool parse(enum match_key key, struct arena *a, const char *word, struct words *list)
{
        struct place place;

        if ((key == MATCH_ADDRESS && !take_place(word, "s%u-%u%n", &place)) ||
            (key == MATCH_PATH && !take_place(word, "%u/%u%n", &place)))
                return false;
        str_add(a, &list->v, &list->n, arena_strdup(a, word));
        return true;
}

const struct bus_syntax shelf_syntax = {
        .name = "shelf",
        .noun = "thing",
        .sysfs = SHELF,
        .right = {[MATCH_ADDRESS] = "a shelf and a place, such as s1-2",
                  [MATCH_PATH] = "a shelf and a place, such as 1/2",
                  [MATCH_ID] = "an ID as in the file of that name"},
        .parse = parse,
};

static bool find(const struct device *devices, size_t n, const char *text, size_t *ret)
{
        struct place place;

        *ret = NO_DEVICE;
        for (size_t i = 0; i < n; i++)
                if (streq(devices[i].address, text))
                        *ret = i;
        return take_place(text, "s%u-%u%n", &place);
}

static bool same_card(const struct device *a, const struct device *b)
{
        const struct place *x = a->own, *y = b->own;

        return x->shelf == y->shelf && x->place == y->place;
}

static enum tristate match(enum match_key key, const char *word, const struct facts *facts, const struct device *d)
{
        (void)facts;
        return streq(word, key == MATCH_ADDRESS ? d->address : key == MATCH_PATH ? d->path : d->id);
}

static const char *kind(const char *class)
{
        return streq(class, "01") ? "display" : NULL;
}

static unsigned roles(const char *class)
{
        return kind(class) ? ROLE_DISPLAY : ROLE_OBSCURE;
}

static void alias(const struct device *d, const char *bus, char *buf, size_t size)
{
        snprintf(buf, size, "%s:%s", bus, d->id);
}

static void propose(struct arena *a, const struct facts *facts, const size_t *devices, size_t n, const char **ret,
                    const char **ret_why)
{
        *ret_why = n == 1 ? NULL : "a rule for a shelf is for one place of it";
        *ret = n == 1 ? arena_join(a, "Path=", facts->devices[devices[0]].path, "\n", NULL) : NULL;
}

static struct op *own_op(struct arena *a, const struct device *d, enum op_kind kind_, const char *file,
                         const char *value, struct ops *ops)
{
        return ops_add(a, ops, kind_, arena_join(a, DEVICES, d->address, "/", file, NULL), value, "lends it");
}

static void take(struct planner *p, size_t entry, struct ops *ops)
{
        const struct plan_entry *e = &p->plan->entries[entry];

        own_op(p->arena, entry_device(p, e), OP_WRITE, "owner", e->driver, ops);
        own_op(p->arena, entry_device(p, e), OP_VERIFY, "lent", e->driver, ops);
}

static void give(struct arena *a, const struct device *d, const char *driver, struct ops *ops)
{
        (void)driver;
        own_op(a, d, OP_WRITE, "owner", "host", ops);
}

static bool refuse(struct arena *a, const struct rule *rule, const struct device *d, struct reason *ret)
{
        const struct place *place = d->own;

        (void)rule;
        return place->shelf > 8 &&
               reason_set(ret, REASON_OTHER, arena_printf(a, "nobody reaches shelf %u", place->shelf));
}

static const struct bus bus = {
        .syntax = &shelf_syntax,
        .find = find,
        .same_card = same_card,
        .match = match,
        .kind = kind,
        .roles = roles,
        .alias = alias,
        .propose = propose,
        .take = take,
        .give = give,
        .refuse = refuse,
};

static void read_file(const struct root *root, const char *dir, const char *name, char *buf, size_t size)
{
        char path[128], text[32];

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        if (root_read(root, path, text, sizeof(text)) <= 0)
                *text = '\0';
        text[strcspn(text, "\n")] = '\0';
        snprintf(buf, size, "%s", text);
}

static void gather_device(const struct root *root, struct arena *a, const struct place *place, struct device *d)
{
        char owner[32];

        d->bus = &bus;
        d->own = place;
        d->sysfs = arena_join(a, DEVICES, d->address, NULL);
        d->path = arena_printf(a, "%u/%u", place->shelf, place->place);
        read_file(root, d->sysfs, "id", d->id, sizeof(d->id));
        read_file(root, d->sysfs, "class", d->class, sizeof(d->class));
        read_file(root, d->sysfs, "owner", owner, sizeof(owner));
        d->identified = d->detailed = true;
        d->roles = roles(d->class);
        d->group = NO_GROUP;
        d->driver = d->driver_now = streq(owner, "host") ? NULL : arena_strdup(a, owner);
}

static int gather(const struct root *root, struct arena *a, const struct facts_request *request, struct facts *facts)
{
        const char **names;
        size_t n;
        int k = root_list(root, a, SHELF "/devices", &names, &n);

        (void)request;
        if (k < 0)
                return k == -ENOENT ? 0 : k;
        facts->devices = arena_alloc(a, n * sizeof(*facts->devices));
        for (size_t i = 0; i < n; i++) {
                struct place *place = arena_alloc(a, sizeof(*place));
                struct device *d = &facts->devices[facts->n_devices];

                if (!take_place(names[i], "s%u-%u%n", place))
                        continue;
                *d = (struct device){.address = names[i]};
                gather_device(root, a, place, d);
                facts->n_devices++;
        }
        return 0;
}

const struct bus_source shelf_source = {.bus = &bus, .gather = gather};
