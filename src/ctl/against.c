/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan --against=DIR: these rules over a captured machine, beside what that machine's own do there. So a fleet's owner
 * learns what a change comes to on each host before it is on any.
 */
#include "report/against.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/recfile.h"
#include "base/str.h"
#include "ctl/ctl.h"
#include "ctl/names.h"
#include "report/domain.h"
#include "report/form.h"
#include "report/json.h"
#include "report/model.h"
#include "report/text.h"

/* What is with the host by the one config may not be by the other. */
static const struct facts_request all;

/* The machine, and what its own config does there; 0 or the exit status. */
static int look(struct ctl *there, const char *dir)
{
        int k = root_open(dir, &there->root);

        if (k == 0)
                k = captured_open(&there->root, &there->arena, &there->captured);
        if (k != 0 && k != RECFILE_ABSENT) {
                ctl_fail(dir, k < 0 ? k : -EBADMSG);
                return EXIT_USAGE;
        }
        k = ctl_load_config(there);
        return k != 0 ? k : ctl_make_plan(there, &all, true);
}

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
                                        against_text(&there->arena, x->before, c->before), " by its own rules; ",
                                        against_text(&there->arena, x->after, c->after), " by these", NULL));
        }
        for (size_t i = 0; i < x->after->n_entries; i++)
                alike += x->after->entries[i].action == ACTION_BIND;
        if (x->n == 0)
                form_say(&s,
                         arena_printf(&there->arena,
                                      "No device fares otherwise than by the machine's own rules (%zu handed over).",
                                      alike));
}

static void show(struct ctl *there, const struct against *x)
{
        struct pci_name *names;

        names_look_up_planned(&there->root, &there->plan, &there->arena, &names);
        text_plan(stdout, &there->plan, names, NULL, there->steps, &there->arena);
        names_look_up(&there->root, &there->facts, &there->arena, &names);
        say_changes(there, x, names);
}

static int compare(struct ctl *c, struct ctl *there)
{
        struct config own;
        struct facts as_it_is;
        struct plan before;
        struct against x;
        int k = look(there, c->against);

        if (k != 0)
                return k;
        own = there->config;
        as_it_is = there->facts;
        before = there->plan;
        before.config = &own;
        before.facts = &as_it_is;
        there->config = c->config;
        there->settings = c->settings;
        there->facts = (struct facts){};
        there->plan = (struct plan){};
        k = ctl_make_plan(there, &all, true);
        if (k != 0)
                return k;
        ctl_plan_hugepages(there);
        against_compare(&before, &there->plan, &there->arena, &x);
        if (c->json)
                json_plan(stdout, &there->plan, NULL, &x, &c->diags);
        else
                show(there, &x);
        return c->diags.n_errors > 0 ? EXIT_USAGE : ctl_falls_short(there) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int plan_there(struct ctl *c)
{
        struct ctl there = {.commands = c->commands,
                            .sources = c->sources,
                            .loaders = c->loaders,
                            .makers = c->makers,
                            .initrds = c->initrds,
                            .steps = c->steps};
        int k = ctl_load_config(c);

        there.root = (struct root)ROOT_INIT;
        if (k == 0)
                k = compare(c, &there);
        root_close(&there.root);
        arena_free(&there.arena);
        return k;
}

int ctl_plan(struct ctl *c)
{
        return c->against ? plan_there(c) : ctl_plan_here(c);
}
