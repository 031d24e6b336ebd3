/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/ctl.h"
#include "ctl/names.h"
#include "report/json.h"
#include "report/text.h"

int ctl_list(struct ctl *c)
{
        /* Also of what no rule speaks of, and what a rule for it would have to know. */
        const char *driver = "vfio-pci";
        const struct facts_request request = {
                .slots = true, .serials = true, .use = true, .drivers = &driver, .n_drivers = 1};
        struct listing list = {.plan = &c->plan};
        struct pci_name *names;
        int k;

        if (c->types)
                return ctl_usage("\"list --types\" is not built yet in this version");
        k = ctl_load_plan(c, &request, true);
        if (k != 0)
                return k;
        names_look_up(&c->root, &c->facts, &c->arena, &names);
        list.names = names;
        list.handovers = plan_handovers(&c->plan, &c->arena);
        if (!c->json)
                text_list(stdout, &list);
        else
                json_list(stdout, &list);
        return c->diags.n_errors > 0 ? EXIT_USAGE : EXIT_SUCCESS;
}
