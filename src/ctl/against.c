/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan --against=DIR: these rules over a captured machine, beside what that machine's own do there. So a fleet's owner
 * learns what a change comes to on each host before it is on any.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/compare.h"
#include "ctl/fleet.h"
#include "ctl/names.h"
#include "report/domain.h"
#include "report/form.h"
#include "report/json.h"
#include "report/model.h"
#include "report/text.h"

static void say_changes(struct ctl *there, const struct against *x, const struct pci_name *names)
{
        const struct screen s = screen_of(stdout, &there->arena);
        bool one = domain_is_one(&there->facts);
        size_t alike = 0;

        for (size_t i = 0; i < x->n; i++) {
                const struct against_change *c = &x->changes[i];
                const struct device *d = &there->facts.devices[c->device];

                form_say(&s, arena_join(&there->arena, domain_less(one, d->address), " ",
                                        model_short(&there->arena, d, &names[c->device]), ": ",
                                        against_text(&there->arena, x->before, &c->before), " by its own rules; ",
                                        against_text(&there->arena, x->after, &c->after), " by these", NULL));
        }
        for (size_t i = 0; i < x->after->n_entries; i++)
                alike += x->after->entries[i].action == ACTION_BIND;
        if (x->n == 0)
                form_say(&s,
                         arena_printf(&there->arena,
                                      "No device fares otherwise than by the machine's own rules (%zu handed over).",
                                      alike));
}

static void show(struct ctl *there, const struct against *x, bool steps)
{
        struct pci_name *names;

        names_look_up_planned(&there->root, &there->plan, &there->arena, &names);
        text_plan(stdout, &there->plan, names, NULL, steps, &there->arena);
        names_look_up(&there->root, &there->facts, &there->arena, &names);
        say_changes(there, x, names);
}

static int plan_there(struct ctl *c, const char *dir)
{
        struct comparison x;
        const char *problem = comparison_make(&x, c, dir);
        int k;

        if (problem)
                k = ctl_usage("%s: %s", x.dir, problem);
        else {
                x.there.diags = x.errors;
                ctl_say_diags(&x.there);
                ctl_plan_hugepages(&x.there);
                if (c->json)
                        json_plan(stdout, &x.there.plan, NULL, &x.found, &c->diags);
                else
                        show(&x.there, &x.found, c->steps);
                if (comparison_is_blind(&x))
                        (void)ctl_error("%s: serial numbers and the machine ID are replaced there, and rules that name "
                                        "these match nothing; capture --raw keeps them",
                                        x.dir);
                k = c->diags.n_errors > 0 ? EXIT_USAGE : ctl_falls_short(&x.there) ? EXIT_FAILURE : EXIT_SUCCESS;
        }
        comparison_free(&x);
        return k;
}

static int plan_all(struct ctl *c)
{
        int k;

        if (c->steps && c->against.n > 1)
                return ctl_misused("plan", "--steps is of one machine");
        k = ctl_load_config(c);
        if (k != 0)
                return k;
        return c->against.n == 1 ? plan_there(c, c->against.v[0]) : fleet_plan(c, &c->against);
}

int ctl_plan(struct ctl *c)
{
        if (c->against.n == 0)
                return c->argc > 1 ? ctl_misused("plan", "plan takes no argument") : ctl_plan_here(c);
        for (int i = 1; i < c->argc; i++)
                strings_add(&c->arena, &c->against, c->argv[i]);
        return plan_all(c);
}
