/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "ctl/ids-say.h"
#include "ctl/lines.h"
#include "ctl/situation.h"
#include "plan/displays.h"
#include "report/json.h"
#include "report/text.h"
#include "state/worked.h"

void ctl_plan_hugepages(struct ctl *c)
{
        struct memory memory;

        memory_read(&c->root, &c->arena, &memory);
        if (!c->facts.in_initrd)
                memory_as_at_boot(&memory);
        c->plan.huge = reserve_plan(&c->settings, &memory, c->facts.off ? c->facts.off_by : NULL, &c->arena);
}

int ctl_plan(struct ctl *c)
{
        static const struct facts_request all;
        const struct facts_request displays = {.config = &c->config, .parents = true}; /* what each device is */
        struct refused_tokens refused;
        struct needs needs;
        const char **worked;
        struct ids ids;
        int k;

        ids_look(c, &ids);
        /* They may mean any device. */
        k = ctl_load_plan(c, ids.n_lines > 0 ? &all : c->json ? NULL : &displays, true);
        if (k != 0)
                return k;
        needs = ctl_needs(c);
        ctl_plan_hugepages(c);
        worked = worked_find(&c->root, &c->arena, &c->plan);
        if (!c->json)
                text_plan(stdout, &c->plan, worked);
        if (!c->json && displays_none_left(&c->plan, NO_ENTRY))
                puts(DISPLAYS_NONE_LEFT);
        if (c->json)
                json_plan(stdout, &c->plan, worked, &c->diags);
        ids_note(c, &ids, c->json ? stderr : stdout);
        fflush(stdout);
        lines_judge_next(c, &needs, &refused);
        lines_say(&refused);
        if (refused.n > 0)
                fputs("passthroughctl: apply writes nothing before that is put right on the kernel command line\n",
                      stderr);
        if (!c->json)
                situation_put(c, NEXT_ON_PLAN);
        if (c->diags.n_errors > 0)
                return EXIT_USAGE;
        for (size_t i = 0; i < c->config.n_rules; i++)
                if (c->plan.rules[i].state == RULE_REFUSED || c->plan.rules[i].state == RULE_MISSING)
                        return EXIT_FAILURE;
        /* A device that is refused need not be its rule's: another may sit where that one was. */
        for (size_t i = 0; i < c->plan.n_entries; i++)
                if (c->plan.entries[i].action == ACTION_REFUSE)
                        return EXIT_FAILURE;
        for (size_t i = 0; i < c->plan.huge.n; i++)
                if (c->plan.huge.entries[i].action == HUGE_REFUSE)
                        return EXIT_FAILURE;
        return EXIT_SUCCESS;
}

int ctl_status(struct ctl *c)
{
        struct makers makers;
        struct status status;
        int k;

        if (c->boot && !streq(c->boot, "0"))
                return ctl_history(c);
        /* Also of devices that no rule speaks of any more. */
        k = ctl_load_plan(c, &(struct facts_request){}, false);

        if (k != 0)
                return k;
        makers_find(c->makers, c->initrds, &c->root, &c->arena, &makers);
        k = status_build(c->loaders, &makers, &c->root, &c->arena, &c->plan, &status);
        if (k == RECFILE_MALFORMED) {
                fputs("passthroughctl: " RECORD_PATH " cannot be read: what this boot did is not known\n", stderr);
        } else if (k < 0)
                return ctl_fail(RECORD_PATH, k);
        if (!c->json && k == 0)
                text_status(stdout, &status);
        if (c->json)
                json_status(stdout, &status, &c->diags);
        else if (k == 0)
                situation_put(c, NEXT_ON_STATUS);
        return c->diags.n_errors > 0 ? EXIT_USAGE : status.satisfied ? EXIT_SUCCESS : EXIT_FAILURE;
}
