/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "check/consumers.h"
#include "ctl/readiness.h"
#include "ctl/situation.h"
#include "report/json.h"
#include "report/text.h"

static void put_next(struct ctl *c, const struct checks *checks)
{
        const struct screen s = screen_of(stdout, &c->arena);
        struct situation now;
        struct next_step next;

        situation_read(c, &now);
        now.failing = checks->n_by_hand > 0;
        next = next_step(&now, NEXT_ON_CHECK, &c->arena);
        next_put(&s, &next);
}

/* command_check() has looked whether there is one of that name. */
static const struct check_consumer *consumer(const struct ctl *c)
{
        size_t i = 0;

        while (c->program && !streq(check_consumers[i]->name, c->program))
                i++;
        return c->program ? check_consumers[i] : NULL;
}

int ctl_check(struct ctl *c)
{
        struct check_facts facts;
        struct needs needs;
        struct checks checks;
        /* Of every device: who has IDs that others have too. Consumers have names for this host. */
        int k = ctl_load_plan(c, &(struct facts_request){.machine = c->program}, true);

        if (k != 0)
                return k;
        ctl_plan_hugepages(c);
        k = ctl_readiness(c, &facts);
        if (k < 0)
                return ctl_fail("reading this machine's facts", k);
        needs = ctl_needs(c);
        check_build(&(struct check_input){&c->plan, &c->settings, &needs, &facts, consumer(c)}, &c->arena, &checks);
        if (c->json)
                json_checks(stdout, &checks, &c->diags);
        else
                text_checks(stdout, &checks, &(struct check_view){.all = c->all, .plan = &c->plan}, &c->arena);
        if (!c->json)
                put_next(c, &checks);
        if (c->diags.n_errors > 0)
                return EXIT_USAGE;
        return checks.n_failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
