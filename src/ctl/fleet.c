/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line for each device that fares otherwise on one of many hosts, and how many hosts there are of each kind. Of
 * thousands of machines one at a time is in memory, and one that cannot be read does not end the others.
 */
#include "ctl/fleet.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/compare.h"
#include "ctl/names.h"
#include "report/domain.h"
#include "report/form.h"
#include "report/json-against.h"
#include "report/model.h"

static void say_changes(struct comparison *x)
{
        struct arena *a = &x->there.arena;
        const struct facts *facts = &x->there.facts;
        const struct screen s = screen_of(stdout, a);
        bool one = domain_is_one(facts);
        struct pci_name *names;

        if (x->found.n == 0)
                return;
        names_look_up(&x->there.root, facts, a, &names);
        for (size_t i = 0; i < x->found.n; i++) {
                const struct against_change *c = &x->found.changes[i];
                const struct device *d = &facts->devices[c->device];

                if (against_follows(&x->found, c))
                        continue;
                form_say(&s, arena_join(a, x->dir, " ", against_way_names[c->way], " ", domain_less(one, d->address),
                                        " ", model_short(a, d, &names[c->device]), ": ",
                                        against_text(a, x->found.after, &c->after), "; now ",
                                        against_text(a, x->found.before, &c->before), NULL));
        }
}

static void count(struct fleet_tally *t, const struct comparison *x, const char *problem)
{
        if (problem)
                t->unreadable++;
        else if (x->found.n == 0)
                t->unchanged++;
        else
                t->changed++;
        t->losing += !problem && x->found.n_ways[AGAINST_LOSES] > 0;
        t->faulty += x->errors.n_errors > 0;
}

static void say_total(struct ctl *c, const struct fleet_tally *t)
{
        const struct screen s = screen_of(stdout, &c->arena);
        const char *lose = t->changed > 0 ? arena_printf(&c->arena, " (%zu with a device lost)", t->losing) : "";

        form_say(&s, arena_printf(&c->arena, "%zu hosts: %zu unchanged, %zu change%s, %zu unreadable.",
                                  t->unchanged + t->changed + t->unreadable, t->unchanged, t->changed, lose,
                                  t->unreadable));
        if (t->faulty > 0)
                form_say(&s,
                         arena_printf(&c->arena, "%zu with errors in their own rules; --json names them.", t->faulty));
}

static void plan_one(struct ctl *c, const char *dir, struct json_object *document, struct fleet_tally *tally,
                     size_t *blind)
{
        struct comparison x;
        const char *problem = comparison_make(&x, c, dir);

        count(tally, &x, problem);
        *blind += !problem && comparison_is_blind(&x);
        if (problem)
                (void)ctl_error("%s: unreadable: %s", x.dir, problem);
        if (document)
                json_fleet_add(document, x.dir, problem, &x.found, &x.errors);
        else if (!problem)
                say_changes(&x);
        comparison_free(&x);
}

int fleet_plan(struct ctl *c, const struct strings *dirs)
{
        struct json_object *document = c->json ? json_fleet_begin() : NULL;
        struct fleet_tally tally = {};
        size_t blind = 0;

        for (size_t i = 0; i < dirs->n; i++)
                plan_one(c, dirs->v[i], document, &tally, &blind);
        if (blind > 0)
                (void)ctl_error("in %zu of them serial numbers and the machine ID are replaced, and rules that name "
                                "these match nothing; capture --raw keeps them",
                                blind);
        if (document)
                json_fleet_end(stdout, document, &tally, &c->diags);
        else
                say_total(c, &tally);
        if (c->diags.n_errors > 0)
                return EXIT_USAGE;
        return tally.losing > 0 || tally.unreadable > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
