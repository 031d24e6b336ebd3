/* SPDX-License-Identifier: GPL-2.0-or-later */
/* add --from=: rules for what something else hands over already, and what of that can go then. */
#include "ctl/import.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/offer.h"
#include "facts/boot-scripts.h"
#include "plan/handover.h"
#include "report/json.h"

static const struct import_source {
        const char *name;
        int (*read)(struct import *m);
} sources[] = {
        {"driverctl", import_driverctl}, {"mdevctl", import_mdevctl}, {"modprobe", import_modprobe},
        {"cmdline", import_cmdline},     {"running", import_running},
};

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
        const char *file = import_file(m, item->name);

        if (file) {
                import_note(m, "%s is left alone: there is %s already", item->from, file);
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

/* ---- what is said --------------------------------------------------------------------------------------------------
 */

static void put_offer(const struct screen *s, const char *what, const char *command)
{
        screen_skip(s, 2);
        screen_wrap(s, 2, 4, arena_join(s->arena, "To hand over ", what, ":", NULL));
        fprintf(s->f, "    passthroughctl add %s\n", command);
}

/* What only a person may decide: a boot display goes, or more than the source handed over. */
static void tell_offer(const struct import *m, const struct draft *d, const struct screen *s)
{
        struct ctl *c = m->edit.c;
        struct edit silent = {.c = c}, other;
        const struct offer *offer = offer_find(&silent, d, &other);
        const struct proposal *p;
        const char *command = d->name;
        size_t rule;

        if (!offer)
                return;
        p = &other.drafts[0].proposal;
        rule = edit_rule(&other, &other.drafts[0]);
        for (size_t i = 0; i < c->plan.n_entries; i++)
                if (c->plan.entries[i].rule == rule && c->plan.entries[i].leader == NO_ENTRY)
                        command = arena_join(s->arena, command, " ",
                                             c->facts.devices[c->plan.entries[i].device].address, NULL);
        for (size_t i = 0; i < p->n_settings; i++)
                command = arena_join(s->arena, command, " ", p->settings[i], NULL);
        put_offer(s, offer->imported, command);
}

/* Of several that a source handed over alike, those that the plan would take. */
static void tell_others(const struct import *m, size_t draft, const struct screen *s)
{
        const struct draft *d = &m->edit.drafts[draft];
        struct edit part = {.c = m->edit.c, .quiet = true};
        struct proposal p = d->proposal;
        const char *command = d->name, *why;
        size_t *devices = NULL, n = 0, device;

        for (size_t i = 0; i < m->n; i++)
                for (size_t k = 0; m->items[i].draft == draft && k < m->items[i].n_devices; k++) {
                        struct edit one = {.c = m->edit.c, .quiet = true};

                        device = m->items[i].device[k];
                        propose_match(s->arena, &m->edit.c->facts, &device, 1, &p.match, &why);
                        p.expect = 1;
                        if (!p.match || !edit_add(&one, d->name, &p) || edit_judge(&one) != 0 || one.n_left > 0)
                                continue;
                        *(size_t *)arena_grow(s->arena, &devices, n, sizeof(*devices)) = device;
                        n++;
                        command = arena_join(s->arena, command, " ", m->edit.c->facts.devices[device].address, NULL);
                }
        if (n == 0)
                return;
        propose_match(s->arena, &m->edit.c->facts, devices, n, &p.match, &why);
        p.expect = n;
        if (!p.match || !edit_add(&part, d->name, &p) || edit_judge(&part) != 0 || part.n_left > 0)
                return;
        for (size_t i = 0; i < p.n_settings; i++)
                command = arena_join(s->arena, command, " ", p.settings[i], NULL);
        put_offer(s, n == 1 ? "the other" : "the others", command);
}

static void tell_refused(const struct import *m)
{
        const struct screen s = screen_of(stderr, &m->edit.c->arena);

        for (size_t i = 0; i < m->edit.n; i++) {
                const struct draft *d = &m->edit.drafts[i];

                if (!d->why)
                        continue;
                edit_say_refused(&m->edit, d);
                if (d->settled)
                        continue;
                if (d->proposal.expect > 1)
                        tell_others(m, i, &s);
                tell_offer(m, d, &s);
        }
}

static void tell_remains(const struct import *m, const struct strings *remains)
{
        const struct screen s = screen_of(stdout, &m->edit.c->arena);

        if (remains->n == 0)
                return;
        screen_skip(&s, 2);
        screen_wrap(&s, 2, 4, "Once a boot has shown that the rules work, this can go:");
        for (size_t i = 0; i < remains->n; i++) {
                screen_skip(&s, 4);
                screen_wrap(&s, 4, 6, remains->v[i]);
        }
}

static bool is_due(const struct import *m, const struct import_step *step)
{
        return step->draft == SIZE_MAX || (m->written && !m->edit.drafts[step->draft].why);
}

/* The steps behind the rules; the first of them, or NULL: there is none. */
static const char *tell_steps(const struct import *m)
{
        const struct screen s = screen_of(stdout, &m->edit.c->arena);
        const char *first = NULL;

        for (size_t i = 0; i < m->n_steps && m->edit.show; i++) {
                if (!is_due(m, &m->steps[i]))
                        continue;
                if (!first) {
                        screen_skip(&s, 2);
                        screen_wrap(&s, 2, 4,
                                    "As long as mdevctl defines them, too, the rule is refused. These end that, and "
                                    "leave alone the devices that are there:");
                }
                screen_skip(&s, 4);
                screen_wrap(&s, 4, 6, m->steps[i].command);
                first = first ? first : m->steps[i].command;
        }
        return first;
}

/* Ends with the first of the steps, which come before all else. */
static void put_step(const struct import *m, const char *first)
{
        struct ctl *c = m->edit.c;
        const struct screen s = screen_of(stdout, &c->arena);
        size_t due = 0;
        struct next_step next = {arena_join(&c->arena, c->root.live ? "sudo " : "", first, NULL),
                                 "then passthroughctl plan, which says what is next"};

        for (size_t i = 0; i < m->n_steps; i++)
                due += is_due(m, &m->steps[i]);
        if (due > 1)
                next.why = arena_printf(&c->arena, "and the other%s; then passthroughctl plan, which says what is next",
                                        due > 2 ? "s" : "");
        next_put(&s, &next);
}

/* The rules, judged, shown and written. */
static int write_rules(struct import *m)
{
        struct strings remains = {};
        const char *first = NULL;
        bool written;
        int k = edit_judge(&m->edit);

        if (k != 0)
                return k;
        if (m->edit.show && m->n > 0)
                remains = remains_find(m->edit.c);
        edit_show(&m->edit);
        k = edit_write(&m->edit, &written);
        edit_next_read(&m->edit);
        tell_refused(m);
        if (written || m->edit.c->dry_run)
                tell_remains(m, &remains);
        m->written = written || m->edit.c->dry_run;
        first = tell_steps(m);
        if (first && (written || !m->written)) {
                put_step(m, first);
                return k;
        }
        edit_next(&m->edit, written,
                  arena_join(&m->edit.c->arena, "passthroughctl add --from=", m->edit.c->from, NULL));
        return k;
}

static const struct import_source *find_source(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
                if (streq(sources[i].name, name))
                        return &sources[i];
        return NULL;
}

/* People put scripts into its images. */
static const struct maker *find_maker(const struct ctl *c, const char *name)
{
        for (size_t i = 0; c->makers[i]; i++)
                if (streq(c->makers[i]->name, name) && boot_scripts_are_known(c->makers[i]->settings))
                        return c->makers[i];
        return NULL;
}

int import_rules(struct ctl *c)
{
        struct import m = {.edit = {.c = c, .import = true, .show = !c->json}};
        const struct import_source *source = find_source(c->from);
        const struct maker *maker = find_maker(c, c->from);
        int k;

        if (!source && !maker)
                return ctl_usage("--from=%s: rules are taken over from driverctl, mdevctl, modprobe, cmdline, running "
                                 "or " MAKERS_WITH_SCRIPTS,
                                 c->from);
        if (c->argc > 1)
                return ctl_usage("add --from=%s takes no name and no device", c->from);
        k = edit_look(c);
        if (k == 0)
                k = source ? source->read(&m) : import_scripts(&m, maker);
        if (k != 0)
                return k;
        draft_all(&m);
        if (m.edit.n > 0)
                return write_rules(&m);
        if (c->json)
                json_added(stdout, NULL, 0, NULL);
        else {
                const char *first;

                puts("  Nothing to take over.");
                first = tell_steps(&m);
                if (first)
                        put_step(&m, first);
                else
                        edit_next(&m.edit, false, "");
        }
        return EXIT_SUCCESS;
}
